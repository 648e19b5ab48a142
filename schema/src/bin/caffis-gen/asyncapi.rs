//! The realtime protocol as AsyncAPI 3: every command, signal, answer and event in its JSON form.
//!
//! `docs/protocol.md` explains the protocol; this is for tools. The binary form carries the same fields.

use anyhow::{Context as _, Result};
use caffis_schema::{
    PROTOCOL_VERSION, SUBPROTOCOL_JSON,
    ids::MAX_EXACT,
    limits::{FRAME_BYTES, USER_ID_BYTES},
};
use serde_json::{Map, Value, json};

use crate::{
    docs::Docs,
    model::{Declaration, Model, Scalar, Shape, Type, Variant},
};

/// The kinds of frames that have an operation of their own for each variant, with the path to the variant.
struct Frames {
    /// The type whose variants they are.
    kinds: &'static str,
    /// What a message's name begins with.
    prefix: &'static str,
    /// What the server does with them.
    action: &'static str,
    /// The fields around the variant, from the frame inwards.
    around: &'static [&'static str],
    /// Fields beside the innermost one.
    beside: Option<(&'static str, Scalar)>,
    /// What the server answers.
    answers: &'static [&'static str],
}

const FRAMES: &[Frames] = &[
    Frames {
        kinds: "Command",
        prefix: "command",
        action: "receive",
        around: &["request", "command"],
        beside: Some(("id", Scalar::U32)),
        answers: &["Reply", "Error"],
    },
    Frames {
        kinds: "ClientSignal",
        prefix: "client_signal",
        action: "receive",
        around: &["signal"],
        beside: None,
        answers: &[],
    },
    Frames {
        kinds: "Event",
        prefix: "event",
        action: "send",
        around: &["event"],
        beside: None,
        answers: &[],
    },
    Frames {
        kinds: "ServerSignal",
        prefix: "server_signal",
        action: "send",
        around: &["signal"],
        beside: None,
        answers: &[],
    },
];

/// The document.
pub(crate) fn document(model: &Model, docs: &Docs) -> Result<String> {
    let mut messages = Map::new();
    let mut operations = Map::new();
    for frames in FRAMES {
        for variant in frames.variants(model)? {
            let name = format!("{}.{}", frames.prefix, variant.name);
            messages.insert(name.clone(), frames.message(&name, variant, docs));
            operations.insert(name.clone(), frames.operation(&name, variant, docs));
        }
    }
    messages.insert("reply".to_owned(), answer(docs, "Reply", "ok"));
    messages.insert("error".to_owned(), answer(docs, "Error", "error"));
    let names = messages.keys().map(|name| (name.clone(), reference("messages", name)));
    let on_channel: Map<String, Value> = names.collect();
    let schemas = model
        .declarations
        .iter()
        .map(|declaration| (declaration.name.to_owned(), schema(declaration, docs)));
    let schemas: Map<String, Value> = schemas.collect();
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Caffis Chat, realtime protocol",
            "version": PROTOCOL_VERSION.to_string(),
            "description": "Frames over WebSocket, one JSON text each. Over server-sent events and POST \
                            (/api/chat/events) the same frames are lines; over WebTransport and QUIC they \
                            travel in a binary form. docs/protocol.md explains the order of frames, \
                            resuming, resends and limits.",
            "license": {"name": "Apache-2.0 OR MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "localhost:5002",
                "protocol": "ws",
                "description": "What `caffis-chat serve --dev` listens on; wss elsewhere.",
            },
        },
        "channels": {
            "chat": {
                "address": "/api/chat/ws",
                "description": format!(
                    "One connection of a session. The first frame is the command hello. A frame has at most \
                     {FRAME_BYTES} bytes."
                ),
                "servers": [{"$ref": "#/servers/local"}],
                "messages": on_channel,
                "bindings": {"ws": {
                    "method": "GET",
                    "headers": {
                        "type": "object",
                        "required": ["Sec-WebSocket-Protocol"],
                        "properties": {"Sec-WebSocket-Protocol": {"const": SUBPROTOCOL_JSON}},
                    },
                }},
            },
        },
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

impl Frames {
    fn variants<'a>(&self, model: &'a Model) -> Result<&'a [Variant]> {
        let found = model.declarations.iter().find(|one| one.name == self.kinds);
        match found.map(|declaration| &declaration.shape) {
            Some(Shape::OpenEnum(variants)) => Ok(variants),
            _ => None.with_context(|| format!("{} is no open enum", self.kinds)),
        }
    }

    fn message(&self, name: &str, variant: &Variant, docs: &Docs) -> Value {
        let mut frame = single(&variant.name, payload(variant));
        for (depth, field) in self.around.iter().rev().enumerate() {
            let mut fields = Vec::new();
            if let (0, Some((beside, scalar))) = (depth, self.beside) {
                fields.push((beside, scalar_schema(scalar)));
            }
            fields.push((field, frame));
            frame = object(fields);
        }
        json!({"name": name, "summary": self.about(variant, docs), "payload": frame})
    }

    fn operation(&self, name: &str, variant: &Variant, docs: &Docs) -> Value {
        let mut operation = json!({
            "action": self.action,
            "channel": {"$ref": "#/channels/chat"},
            "summary": self.about(variant, docs),
            "messages": [{"$ref": format!("#/channels/chat/messages/{name}")}],
        });
        if !self.answers.is_empty()
            && let Some(operation) = operation.as_object_mut()
        {
            let answers = ["reply", "error"];
            let answers =
                answers.map(|one| json!({"$ref": format!("#/channels/chat/messages/{one}")}));
            let reply = json!({"channel": {"$ref": "#/channels/chat"}, "messages": answers});
            operation.insert("reply".to_owned(), reply);
        }
        operation
    }

    fn about<'a>(&self, variant: &Variant, docs: &'a Docs) -> &'a str {
        docs.get(&format!("{}.{}", self.kinds, variant.name))
    }
}

/// The frame that answers a command.
fn answer(docs: &Docs, of: &str, outcome: &str) -> Value {
    let id = ("id", scalar_schema(Scalar::U32));
    let result = single(outcome, reference("schemas", of));
    let frame = single("reply", object([id, ("result", result)]));
    json!({"name": of, "summary": docs.get(of), "payload": frame})
}

fn schema(declaration: &Declaration, docs: &Docs) -> Value {
    let name = declaration.name;
    let mut schema = match &declaration.shape {
        Shape::Struct(fields) => structure(name, fields, docs),
        Shape::Choice(names) => json!({"type": "string", "enum": names}),
        // Newer servers know more names.
        Shape::OpenChoice(names) => json!({"type": "string", "examples": names}),
        Shape::Enum(variants) => {
            let forms: Vec<Value> = variants.iter().map(|one| closed(name, one, docs)).collect();
            json!({"oneOf": forms})
        }
        Shape::OpenEnum(variants) => {
            let kinds = variants.iter().map(|variant| {
                let words = docs.get(&format!("{name}.{}", variant.name));
                (variant.name.clone(), described(payload(variant), words))
            });
            // Exactly one key. Newer servers know more kinds.
            json!({
                "type": "object", "minProperties": 1, "maxProperties": 1,
                "properties": kinds.collect::<Map<_, _>>(),
            })
        }
    };
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), docs.get(name).into());
    }
    schema
}

fn structure(name: &str, fields: &[(&'static str, Type)], docs: &Docs) -> Value {
    let properties = fields.iter().map(|(field, ty)| {
        let words = docs.get(&format!("{name}.{field}"));
        ((*field).to_owned(), described(type_schema(ty), words))
    });
    let required = fields.iter().filter(|(_, ty)| !matches!(ty, Type::Option(_)));
    json!({
        "type": "object",
        "required": required.map(|(field, _)| *field).collect::<Vec<_>>(),
        "properties": properties.collect::<Map<_, _>>(),
    })
}

/// A variant of an enum that does not grow: its name, or an object with its name as the only key.
fn closed(name: &str, variant: &Variant, docs: &Docs) -> Value {
    let words = docs.get(&format!("{name}.{}", variant.name));
    match &variant.payload {
        None => described(json!({"const": variant.name}), words),
        Some(ty) => described(single(&variant.name, type_schema(ty)), words),
    }
}

/// What a variant of an enum that grows carries.
fn payload(variant: &Variant) -> Value {
    match &variant.payload {
        None => json!({"type": "object"}),
        Some(ty) => type_schema(ty),
    }
}

fn type_schema(ty: &Type) -> Value {
    match ty {
        Type::Scalar(scalar) => scalar_schema(*scalar),
        // At most so many bytes, so not more characters either.
        Type::Text(maximum) => json!({"type": "string", "maxLength": maximum}),
        Type::Blob(maximum) => json!({
            "type": "string", "contentEncoding": "base64", "maxLength": maximum.div_ceil(3) * 4,
        }),
        Type::List(item, maximum) => {
            json!({"type": "array", "maxItems": maximum, "items": type_schema(item)})
        }
        Type::Option(some) => json!({"anyOf": [type_schema(some), {"type": "null"}]}),
        Type::Named(name) => reference("schemas", name),
    }
}

fn scalar_schema(scalar: Scalar) -> Value {
    let number = |maximum: u64| json!({"type": "integer", "minimum": 0, "maximum": maximum});
    let hexadecimal =
        |digits: u32| json!({"type": "string", "pattern": format!("^[0-9a-f]{{{digits}}}$")});
    match scalar {
        Scalar::Bool => json!({"type": "boolean"}),
        Scalar::U8 => number(u8::MAX.into()),
        Scalar::U16 => number(u16::MAX.into()),
        Scalar::U32 => number(u32::MAX.into()),
        Scalar::U64 => number(MAX_EXACT),
        Scalar::UserId => json!({"type": "string", "minLength": 1, "maxLength": USER_ID_BYTES}),
        Scalar::RoomId => hexadecimal(16),
        Scalar::ClientId
        | Scalar::SessionId
        | Scalar::DeviceId
        | Scalar::InviteSecret
        | Scalar::InviteDigest => hexadecimal(32),
    }
}

/// An object with at least these fields; newer programs may add others.
fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let fields: Map<String, Value> =
        fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let required: Vec<&String> = fields.keys().collect();
    json!({"type": "object", "required": required, "properties": fields})
}

/// An object with this key alone.
fn single(key: &str, schema: Value) -> Value {
    json!({
        "type": "object", "required": [key], "additionalProperties": false,
        "properties": {key: schema},
    })
}

fn described(mut schema: Value, words: &str) -> Value {
    if let (Some(schema), false) = (schema.as_object_mut(), words.is_empty()) {
        schema.insert("description".to_owned(), words.into());
    }
    schema
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}
