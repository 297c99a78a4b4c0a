"""The embedded offline splitter: no key, no GPU, no network."""
