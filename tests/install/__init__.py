"""Installing, on machines that are folders."""
