"""The demo's workload: says hello, and on /eat takes memory until the kernel stops it."""
import os

from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response

eaten = []


@Request.application
def app(request):
    while request.path == "/eat":
        eaten.append(b"x" * (8 << 20))
    return Response(f"Hello from {os.environ['HOSTNAME']}\n")


run_simple("0.0.0.0", int(os.environ["PORT"]), app)
