"""Bring a provider's layers to the document's pixels, exactly."""
