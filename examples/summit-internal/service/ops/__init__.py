"""Operating the service: one command a module, each ending with one line of JSON that says what it measured."""
