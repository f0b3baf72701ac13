"""What a case file may say: declarations only."""
