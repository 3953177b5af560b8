"""Members: the organisation over time, its people, posts, portfolios, and the accounts that act for them."""
