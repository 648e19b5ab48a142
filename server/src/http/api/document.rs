//! The OpenAPI document (3.1), made from the operations.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use caffis_core::model::caller::Rights;
use caffis_schema::{
    ErrorCode, Text, UserId,
    endpoints::{EndpointName, WebhookId},
    ids::MAX_EXACT,
    limits,
};
use postcard_schema::{
    Schema as _,
    schema::{DataModelType, NamedType},
};
use serde_json::{Map, Value, json};

use super::{
    all::operations,
    input::{DEFAULT_LIMIT, MAX_LIMIT},
    key,
    operation::{Body, Lines, Operation},
    parameter::Holds,
    schema::Schemas,
    serve::NDJSON,
};

/// Where the document is.
pub(super) const PATH: &str = "/api/chat/openapi.json";

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());

/// Where the document of the realtime protocol is.
pub(super) const REALTIME_PATH: &str = "/api/chat/asyncapi.json";

/// Gives the document of the realtime protocol.
pub(super) async fn serve_realtime() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, caffis_schema::ASYNCAPI).into_response()
}

/// Gives the document.
pub(super) async fn serve() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, DOCUMENT.clone()).into_response()
}

/// What can go wrong with every operation: status and meaning.
const ALWAYS: [(u16, &str); 9] = [
    (400, "Something cannot be read: the address, a header or the body."),
    (401, "There is no good key or token."),
    (403, "The caller may not do this."),
    (404, "There is no such room, message or person, or none that the caller may know of."),
    (422, "A value makes no sense; the sentence says which."),
    (429, "Too many requests: wait as Retry-After says."),
    (500, "The server failed."),
    (503, "It was not done: try again after Retry-After."),
    (
        504,
        "It is not known whether it was done: send the same again, with the same key if it has one.",
    ),
];

/// What can go wrong with those that take a body.
const WITH_BODY: [(u16, &str); 2] =
    [(413, "The body is over the limit."), (415, "The body is not application/json.")];

/// What can go wrong with those that change something.
const WITH_CHANGE: (u16, &str) = (409, "It does not fit what there is: the code says why.");

/// What is answered before anything looks at the request, and so without a body.
const TOO_LONG: (u16, &str) = (431, "The address or the headers are too long.");

/// What a body that does not come is answered.
const SLOW: (u16, &str) = (408, "The body did not come in time.");

fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    for operation in operations() {
        let described = describe(operation, &mut schemas);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.method.name().to_owned(), described);
        }
    }
    schemas.0.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Caffis Chat",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The REST API for services and simple clients. docs/api.md explains it.",
            "license": {"name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.0,
            "securitySchemes": {
                "service": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "cck_…",
                    "description": "A service's key, or a token of a service. Any one of the named \
                                    scopes is enough.",
                },
                "person": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "A person's token.",
                },
            },
        },
    })
}

fn describe(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut security = Vec::new();
    if !operation.rights.is_empty() {
        debug_assert!(operation.rights.iter().all(|right| Rights::NAMES.contains(right)));
        security.push(json!({"service": operation.rights}));
    }
    if operation.people {
        security.push(json!({"person": []}));
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.about,
        "tags": [tag(operation.path)],
        "security": security,
        "parameters": parameters(operation, schemas),
        "responses": responses(operation, schemas),
    });
    let body = operation.body.map(|body| request_body(&body, schemas));
    let body = body.or_else(|| operation.lines.map(|lines| body_of_lines(&lines, schemas)));
    if let (Some(body), Some(described)) = (body, described.as_object_mut()) {
        described.insert("requestBody".to_owned(), body);
    }
    described
}

/// What the operations of a path are about: the first word after the common part.
fn tag(path: &str) -> &str {
    path.trim_start_matches("/api/chat/").split('/').next().unwrap_or_default()
}

fn parameters(operation: &Operation, schemas: &mut Schemas) -> Vec<Value> {
    let in_path = operation.path.split('/').filter_map(|part| part.strip_prefix('{'));
    let mut parameters: Vec<_> = in_path
        .map(|part| {
            let name = part.trim_end_matches('}');
            json!({"name": name, "in": "path", "required": true, "schema": in_path_schema(name, schemas)})
        })
        .collect();
    parameters.extend(operation.query.iter().map(|parameter| {
        let schema = match parameter.holds {
            Holds::Type(named) => schemas.of(named),
            Holds::Limit => json!({
                "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT,
            }),
        };
        json!({
            "name": parameter.name, "in": "query", "required": false,
            "description": parameter.about, "schema": schema,
        })
    }));
    if !operation.changes() {
        parameters.push(json!({
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The ETag of an answer that the caller has: 304 if it would be the same.",
            "schema": {"type": "string"},
        }));
    }
    if operation.keyed {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "A UUID of version 7, made once for what is to be done and the same each \
                            time that it is sent: it is done once, and answered the same.",
            "schema": {"type": "string", "pattern": key::PATTERN},
        }));
    }
    parameters
}

/// What a part of a path can be.
fn in_path_schema(name: &str, schemas: &mut Schemas) -> Value {
    match name {
        "room" => schemas.of(caffis_schema::RoomId::SCHEMA),
        "position" => json!({"type": "integer", "minimum": 0, "maximum": MAX_EXACT}),
        "kind" => schemas.of(Text::<{ limits::CONTEXT_TYPE_BYTES }>::SCHEMA),
        "id" => schemas.of(Text::<{ limits::CONTEXT_ID_BYTES }>::SCHEMA),
        "scheduled" => schemas.of(caffis_schema::ClientId::SCHEMA),
        "webhook" => schemas.of(WebhookId::SCHEMA),
        "endpoint" => schemas.of(EndpointName::SCHEMA),
        _ => schemas.of(UserId::SCHEMA),
    }
}

fn request_body(body: &Body, schemas: &mut Schemas) -> Value {
    let schema = match body.schema.ty {
        DataModelType::Struct(fields) => schemas.fields(fields, body.optional),
        _ => schemas.of(body.schema),
    };
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

/// A body of lines: what is said of it is said of each line.
fn body_of_lines(lines: &Lines, schemas: &mut Schemas) -> Value {
    let schema = schemas.choice_of(lines.schema, lines.optional);
    json!({
        "required": true,
        "description": "One JSON text on each line, as the schema says of one of them.",
        "content": {NDJSON[0]: {"schema": schema}},
    })
}

fn responses(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), success(operation.answer, schemas));
    if !operation.changes() {
        let about = "The answer would be the one that If-None-Match names.";
        responses.insert("304".to_owned(), json!({"description": about}));
    }
    let (status, about) = TOO_LONG;
    responses.insert(status.to_string(), json!({"description": about}));
    let mut wrong: Vec<_> = ALWAYS.into_iter().chain([SLOW]).collect();
    if operation.body.is_some() || operation.changes() {
        wrong.extend(WITH_BODY);
    }
    if operation.changes() || operation.conflicts {
        wrong.push(WITH_CHANGE);
    }
    for (status, meaning) in wrong {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        responses.insert(
            status.to_string(),
            json!({
                "description": meaning,
                "content": {"application/problem+json": {"schema": schema}},
            }),
        );
    }
    responses.into()
}

fn success(answer: &'static NamedType, schemas: &mut Schemas) -> Value {
    let header = |about: &str| json!({"description": about, "schema": {"type": "string"}});
    json!({
        "description": "It is done, and durable.",
        "headers": {
            "RateLimit-Policy": header("What the caller may do: \"caller\";q=requests;w=seconds."),
            "RateLimit": header("What is left of it: \"caller\";r=requests;t=seconds."),
            "ETag": header("What stands for this content, of what only reads."),
        },
        "content": {"application/json": {"schema": schemas.of(answer)}},
    })
}

fn problem() -> Value {
    let codes: Vec<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "outcome", "retryable"],
        "properties": {
            "type": {
                "type": "string", "format": "uri-reference",
                "description": "Where this server explains the code: /api/chat/errors#code.",
            },
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "A sentence for people who read logs."},
            "code": {"enum": codes, "description": "As in docs/errors.md."},
            "outcome": {
                "enum": ["refused", "unknown"],
                "description": "Whether it did not happen, or may have.",
            },
            "retryable": {
                "type": "boolean",
                "description": "Whether the same, sent again later with the same key, may be done.",
            },
            "retry_after_ms": {
                "type": "integer", "minimum": 0, "maximum": u32::MAX,
                "description": "When to send it again, in milliseconds; absent if that is of no use.",
            },
        },
    })
}
