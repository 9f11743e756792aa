"""Cases, custody logs, sealed packages and their verification."""
