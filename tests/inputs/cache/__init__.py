"""What is kept between commands."""
