"""The linear relaxation: month blocks, their boundaries, their starting bases."""
