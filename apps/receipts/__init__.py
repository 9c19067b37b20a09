"""What was answered to a request with a key, so that asking twice does nothing twice."""
