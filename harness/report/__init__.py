"""Reports on records: the leaderboard as pure functions, and its views."""
