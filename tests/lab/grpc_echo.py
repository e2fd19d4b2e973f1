# SPDX-License-Identifier: GPL-2.0-or-later
"""gRPC as its own library speaks it, without generated code: messages are bytes.

    grpc_echo.py serve ADDRESS CHAIN KEY
    grpc_echo.py ask TARGET AUTHORITIES

The one who asks prints what each kind of call came to, a line each.
"""

import queue
import sys
from concurrent import futures
from pathlib import Path

import grpc


class Echo(grpc.GenericRpcHandler):
    def service(self, call):
        return {
            "/echo/One": grpc.unary_unary_rpc_method_handler(lambda message, context: message),
            "/echo/Fail": grpc.unary_unary_rpc_method_handler(fail),
            "/echo/Each": grpc.stream_stream_rpc_method_handler(each),
        }.get(call.method)


def fail(message, context):
    context.set_trailing_metadata([("x-why", "of the story")])
    context.abort(grpc.StatusCode.DATA_LOSS, "lost, by intention")


def each(messages, context):
    for message in messages:
        yield message


def serve(address: str, chain: str, key: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Echo()])
    pair = (Path(key).read_bytes(), Path(chain).read_bytes())
    server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    server.start()
    server.wait_for_termination()


def ask(target: str, authorities: str) -> None:
    trusted = grpc.ssl_channel_credentials(Path(authorities).read_bytes())
    with grpc.secure_channel(target, trusted) as channel:
        print("one", channel.unary_unary("/echo/One")(b"x" * 100_000, timeout=10) == b"x" * 100_000)
        try:
            channel.unary_unary("/echo/Fail")(b"", timeout=10)
        except grpc.RpcError as error:
            print("fail", error.code().name, error.details(), dict(error.trailing_metadata())["x-why"])
        back = queue.SimpleQueue()
        told = []
        for answer in channel.stream_stream("/echo/Each")(one_by_one(back), timeout=10):
            told.append(answer.decode())
            back.put(answer)
        print("each", *told)


def one_by_one(back: queue.SimpleQueue):
    """The next when the last has come back."""
    for n in range(20):
        yield b"%d" % n
        back.get(timeout=10)


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
