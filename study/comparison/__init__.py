"""What GRADIEND is compared with, and on what; knows models and texts, no profiles."""
