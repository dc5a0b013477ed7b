"""moto's server on 127.0.0.1, at a port that the system chooses and that is the first line of its output. It ends with
its standard input, so that it never outlives the tests that started it, however they end. Requests are answered one
after the other: moto holds no lock, and two at once could both pass one condition.
"""

import copy
import sys
import threading
from types import SimpleNamespace

from moto.dynamodb import models
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

# Before a transaction moto copies all of its table, once for each write in it, to have what a refusal puts back: two
# thirds of the time of these tests. The items themselves need no copy while nobody changes one where it lies.


def _copy(value):
    if not isinstance(value, Table):
        return copy.deepcopy(value)
    before = copy.copy(value)
    before.items = value.items.copy()
    if value.has_range_key:
        for key, items in value.items.items():
            before.items[key] = items.copy()
    return before


models.copy = SimpleNamespace(deepcopy=_copy)
_update_item = models.DynamoDBBackend.update_item


def _update_a_copy(self, table_name, key, *args, **kwargs):
    table = self.get_table(table_name)
    hash_value, range_value = self.get_keys_value(table, key)
    item = copy.deepcopy(table.get_item(hash_value, range_value))
    if item is not None:
        if table.has_range_key:
            table.items[hash_value][range_value] = item
        else:
            table.items[hash_value] = item
    return _update_item(self, table_name, key, *args, **kwargs)


models.DynamoDBBackend.update_item = _update_a_copy

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.port, flush=True)
sys.stdin.read()
