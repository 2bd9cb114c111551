"""``python -m prodforensics``: the command line."""

from prodforensics.cli import main

if __name__ == "__main__":
    main()
