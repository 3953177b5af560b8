"""What runs beside the web: reading what others tell, publishing, and what time brings."""
