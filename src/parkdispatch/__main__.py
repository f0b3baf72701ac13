"""`python -m parkdispatch`: the command line."""

from parkdispatch.interfaces.cli import main

if __name__ == "__main__":
    main()
