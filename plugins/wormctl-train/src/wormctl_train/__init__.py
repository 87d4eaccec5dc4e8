"""Evolution of policies: parameters, scores, strategies. Never imported by the core."""
