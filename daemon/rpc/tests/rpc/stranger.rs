//! A client that learns the service by reflection, and speaks JSON to its tests.

use std::net::SocketAddr;

use prost_reflect::prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions,
};
use serde_json::Value;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

const SERVICE: &str = "llmmcp.v1.Core";
/// What the largest answer of these tests has.
const MAX_ANSWER_BYTES: usize = 24 * 1024 * 1024;

/// The two names of the reflection service, generated alike.
macro_rules! look_up {
    ($version:ident, $channel:expr) => {{
        use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
        use tonic_reflection::pb::$version::{ServerReflectionRequest, ServiceResponse};
        let ask = |what| ServerReflectionRequest {
            host: String::new(),
            message_request: Some(what),
        };
        let asked = tokio_stream::iter([
            ask(MessageRequest::ListServices(String::new())),
            ask(MessageRequest::FileContainingSymbol(SERVICE.into())),
        ]);
        let mut client = ServerReflectionClient::new($channel);
        let answers = client.server_reflection_info(asked).await.unwrap();
        let mut answers = answers.into_inner();
        let mut next = async || answers.message().await.unwrap().unwrap().message_response;
        let Some(MessageResponse::ListServicesResponse(listed)) = next().await else {
            panic!("no list of services");
        };
        let name = |service: ServiceResponse| service.name;
        let services: Vec<String> = listed.service.into_iter().map(name).collect();
        let Some(MessageResponse::FileDescriptorResponse(found)) = next().await else {
            panic!("no description of {SERVICE}");
        };
        (services, found.file_descriptor_proto)
    }};
}

/// Which name of the reflection service is used.
pub(crate) enum By {
    V1,
    V1Alpha,
}

/// Somebody who knows an address.
#[derive(Clone)]
pub(crate) struct Stranger {
    channel: Channel,
    pool: DescriptorPool,
    token: Option<String>,
}

impl Stranger {
    pub(crate) async fn meet(address: SocketAddr, by: By) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        let channel = endpoint.connect().await.unwrap();
        let (services, files) = match by {
            By::V1 => look_up!(v1, channel.clone()),
            By::V1Alpha => look_up!(v1alpha, channel.clone()),
        };
        assert!(services.contains(&SERVICE.to_owned()), "{services:?}");
        let mut pool = DescriptorPool::new();
        for file in files {
            pool.decode_file_descriptor_proto(&*file).unwrap();
        }
        Self {
            channel,
            pool,
            token: None,
        }
    }

    /// The same with a token.
    pub(crate) fn with(&self, token: &str) -> Self {
        Self {
            token: Some(token.into()),
            ..self.clone()
        }
    }

    /// Every method of the service.
    pub(crate) fn methods(&self) -> Vec<String> {
        let service = self.pool.get_service_by_name(SERVICE).unwrap();
        service.methods().map(|m| m.name().to_owned()).collect()
    }

    /// Calls a method that answers once.
    pub(crate) async fn call(&self, method: &str, message: Value) -> Result<Value, Status> {
        let (mut grpc, request, method) = self.ready(method, message).await;
        let answer = grpc.unary(request, path(&method), codec(&method)).await?;
        Ok(json(&answer.into_inner()))
    }

    /// Calls a method that answers with a stream.
    pub(crate) async fn open(&self, method: &str, message: Value) -> Result<Told, Status> {
        let (mut grpc, request, method) = self.ready(method, message).await;
        let call = grpc.server_streaming(request, path(&method), codec(&method));
        Ok(Told(call.await?.into_inner()))
    }

    async fn ready(
        &self,
        method: &str,
        message: Value,
    ) -> (Grpc<Channel>, Request<DynamicMessage>, MethodDescriptor) {
        let service = self.pool.get_service_by_name(SERVICE).unwrap();
        let method = service.methods().find(|m| m.name() == method).unwrap();
        let message = DynamicMessage::deserialize(method.input(), message).unwrap();
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", bearer);
        }
        let grpc = Grpc::new(self.channel.clone());
        let mut grpc = grpc.max_decoding_message_size(MAX_ANSWER_BYTES);
        grpc.ready().await.unwrap();
        (grpc, request, method)
    }
}

/// A stream of answers.
pub(crate) struct Told(Streaming<DynamicMessage>);

impl Told {
    /// The next one; `None` at the good end.
    pub(crate) async fn next(&mut self) -> Result<Option<Value>, Status> {
        Ok(self.0.message().await?.as_ref().map(json))
    }

    /// All to the good end.
    pub(crate) async fn rest(mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(one) = self.next().await.unwrap() {
            all.push(one);
        }
        all
    }
}

fn path(method: &MethodDescriptor) -> http::uri::PathAndQuery {
    let service = method.parent_service().full_name();
    format!("/{service}/{}", method.name()).parse().unwrap()
}

fn json(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false)
        .skip_default_fields(false);
    let json = serde_json::value::Serializer;
    message.serialize_with_options(json, &options).unwrap()
}

fn codec(method: &MethodDescriptor) -> Dynamic {
    Dynamic(method.output())
}

struct Dynamic(MessageDescriptor);

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Encoding;
    type Decoder = Decoding;

    fn encoder(&mut self) -> Encoding {
        Encoding
    }

    fn decoder(&mut self) -> Decoding {
        Decoding(self.0.clone())
    }
}

struct Encoding;

impl Encoder for Encoding {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(to).unwrap();
        Ok(())
    }
}

struct Decoding(MessageDescriptor);

impl Decoder for Decoding {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        Ok(Some(DynamicMessage::decode(self.0.clone(), from).unwrap()))
    }
}
