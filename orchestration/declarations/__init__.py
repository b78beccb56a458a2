"""Options, help and dispatch of every command, a file a group; the work is in `commands`."""
