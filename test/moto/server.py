"""moto's server on 127.0.0.1, at a port that the system chooses and that is the first line of its output. It ends with
its standard input, so that it never outlives the tests that started it, however they end. Requests are answered one
after the other: moto holds no lock, and two at once could both pass one condition.
"""

import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.port, flush=True)
sys.stdin.read()
