"""What scheduling knows by itself: meetings, answers, concerns, tasks, host rotation, joint-activity proposals."""
