"""PostgreSQL: the only edge that speaks SQL."""
