"""One module per subcommand, imported when it is asked for: `SUMMARY`, `add_arguments(parser)`, `run(args)`."""
