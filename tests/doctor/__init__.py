"""The doctor: on made-up machines, and on the real one."""
