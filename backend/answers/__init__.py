"""What the engine answers to each request: a module a request, each with one function `answer`."""
