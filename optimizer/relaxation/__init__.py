"""The linear relaxation: solved block by block, with crash bases and consistent block boundaries."""
