"""What the services need from the world, in their own words."""
