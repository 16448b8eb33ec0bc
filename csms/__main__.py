"""The door: `csms` and `python -m csms` are the command line."""

from csms.cli.main import app


def main() -> None:
    """Run the command line and exit by its code."""
    app(prog_name="csms")


if __name__ == "__main__":
    main()
