"""The steps of the workflow: read files, call one pure function, write files whole."""
