"""The service `llmmcp.v1.Core` without generated code: its messages are learned by reflection.

    core = Core("127.0.0.1:9090", token)
    job = core.GetJob(job_id="...")             # a unary call; the fields are keyword arguments
    for event in core.StreamJob(job_id="..."):  # a server stream
        ...
    call = core.ClaimJob.future(worker_id="w", kinds=["a.kind"], lease_seconds=30, wait_s=20)
"""

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "llmmcp.v1.Core"
# The server's own limit; a job may have 4 MiB of payload, and as much of result.
MAX_MESSAGE_BYTES = 20 * 1024 * 1024
OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]


class Core:
    """The service: each of its methods is an attribute."""

    def __init__(self, address, token):
        self.channel = grpc.insecure_channel(address, options=OPTIONS)
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))
        self.service = pool.FindServiceByName(SERVICE)
        for method in self.service.methods:
            setattr(self, method.name, Method(self.channel, method, token))

    def close(self):
        """Ends all calls, and the connection."""
        self.channel.close()


class Method:
    """One method. Keyword arguments are the request's fields, `deadline_s` bounds the call."""

    def __init__(self, channel, method, token):
        open_call = channel.unary_stream if method.server_streaming else channel.unary_unary
        answer = GetMessageClass(method.output_type)
        self._request = GetMessageClass(method.input_type)
        self._metadata = [("authorization", f"Bearer {token}")] if token else []
        self._call = open_call(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )

    def __call__(self, deadline_s=30, **fields):
        return self._call(self._request(**fields), timeout=deadline_s, metadata=self._metadata)

    def future(self, deadline_s=30, **fields):
        """The call under way: `result()` waits for it, `cancel()` gives it up."""
        return self._call.future(self._request(**fields), timeout=deadline_s, metadata=self._metadata)
