"""Evolution of policies: blueprints, tasks, strategies. Never imported by the core."""
