"""What grows with what. Nothing may grow with each trigger, connection or association but memory."""
GROWTH = {}
