"""What each command of `plateau` does; `orchestration.cli` only declares and dispatches them."""
