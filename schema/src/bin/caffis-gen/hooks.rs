//! The JSON Schemas (2020-12) of webhooks, in and out: one for each kind, of the whole body.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use caffis_schema::{
    hooks::{
        HOOKS_VERSION, HookEvent,
        places::{Latitude, Longitude},
        values::FORMATS,
    },
    ids::MAX_EXACT,
    limits::USER_ID_BYTES,
    outgoing::{ChatEvent, EVENTS_VERSION},
};
use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType};
use serde_json::{Map, Value, json};

use crate::{Generated, docs::Docs, model::snake_case};

/// Webhooks of one direction.
struct Kinds {
    /// The folder of their schemas, and their name in identifiers.
    name: &'static str,
    version: u32,
    docs: Docs,
    kinds: &'static [&'static str],
    data: &'static [&'static NamedType],
    /// Whether a body may have fields that the schema does not name, as receivers of later versions see them;
    /// all that it names are there then.
    open: bool,
}

/// The schema of each kind, in a folder of its version.
pub(crate) fn schemas(schema: &Path) -> Result<Vec<Generated>> {
    let incoming = Kinds {
        name: "hooks",
        version: HOOKS_VERSION,
        docs: Docs::of(&[&schema.join("src/hooks")])?,
        kinds: HookEvent::KINDS,
        data: HookEvent::SCHEMAS,
        open: false,
    };
    let outgoing = Kinds {
        name: "events",
        version: EVENTS_VERSION,
        docs: Docs::of(&[
            &schema.join("src"),
            &schema.join("src/command"),
            &schema.join("src/outgoing"),
        ])?,
        kinds: ChatEvent::KINDS,
        data: ChatEvent::SCHEMAS,
        open: true,
    };
    let mut generated = incoming.schemas(schema)?;
    generated.extend(outgoing.schemas(schema)?);
    Ok(generated)
}

impl Kinds {
    fn schemas(&self, schema: &Path) -> Result<Vec<Generated>> {
        let folder = schema.join(format!("{}/v{}", self.name, self.version));
        let kinds = self.kinds.iter().zip(self.data);
        kinds
            .map(|(kind, data)| {
                let body =
                    self.body(kind, data).with_context(|| format!("the schema of {kind}"))?;
                let mut text = serde_json::to_string_pretty(&body)?;
                text.push('\n');
                Ok((folder.join(format!("{kind}.json")), text))
            })
            .collect()
    }

    fn body(&self, kind: &str, data: &'static NamedType) -> Result<Value> {
        Ok(json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:caffis-chat:{}:v{}:{kind}", self.name, self.version),
            "title": kind,
            "description": self.docs.get(data.name),
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "additionalProperties": self.open,
            "properties": {
                "type": {"const": kind},
                "timestamp": {
                    "description": "When it happened.",
                    "type": "string",
                    "format": "date-time",
                },
                "data": self.value(data)?,
            },
        }))
    }

    fn value(&self, named: &'static NamedType) -> Result<Value> {
        if let Some(format) = FORMATS.iter().find(|format| format.name == named.name) {
            return Ok(json!({
                "type": "string", "maxLength": format.bytes, "pattern": format.pattern,
            }));
        }
        Ok(match (named.name, named.ty) {
            ("UserId", _) => json!({
                "type": "string", "minLength": 1, "maxLength": USER_ID_BYTES,
                "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]+$",
            }),
            ("RoomId", _) => json!({"type": "string", "pattern": "^[0-9a-f]{16}$"}),
            ("Version", _) => json!({"type": "integer", "minimum": 1, "maximum": MAX_EXACT}),
            ("Latitude", _) => json!({
                "type": "number", "minimum": -Latitude::MOST, "maximum": Latitude::MOST,
            }),
            ("Longitude", _) => json!({
                "type": "number", "minimum": -Longitude::MOST, "maximum": Longitude::MOST,
            }),
            ("Moment", _) => json!({"type": "string", "format": "date-time"}),
            (_, DataModelType::U32 | DataModelType::U64) => {
                json!({"type": "integer", "minimum": 0, "maximum": MAX_EXACT})
            }
            (_, DataModelType::Bool) => json!({"type": "boolean"}),
            // At most so many bytes, so not more characters either.
            (name, DataModelType::String) => {
                json!({"type": "string", "maxLength": bound(name, "Text:")?})
            }
            (name, DataModelType::Seq(item)) => json!({
                "type": "array", "maxItems": bound(name, "List:")?, "items": self.value(item)?,
            }),
            (_, DataModelType::Option(some)) => {
                json!({"anyOf": [self.value(some)?, {"type": "null"}]})
            }
            (name, DataModelType::Struct(fields)) => {
                let (mut properties, mut required) = (Map::new(), Vec::new());
                for field in *fields {
                    let mut property = self.value(field.ty)?;
                    let words = self.docs.get(&format!("{name}.{}", field.name));
                    if let (Some(property), false) = (property.as_object_mut(), words.is_empty()) {
                        property.insert("description".to_owned(), words.into());
                    }
                    properties.insert(field.name.to_owned(), property);
                    // What may be absent is null or empty then.
                    let may_be_absent =
                        matches!(field.ty.ty, DataModelType::Option(_) | DataModelType::Seq(_));
                    if self.open || !may_be_absent {
                        required.push(field.name);
                    }
                }
                json!({
                    "type": "object", "required": required, "additionalProperties": self.open,
                    "properties": properties,
                })
            }
            (name, DataModelType::Enum(variants)) => {
                let mut names = Vec::new();
                for variant in *variants {
                    match variant.ty {
                        DataModelVariant::UnitVariant => names.push(snake_case(variant.name)),
                        other => bail!("{name}: {other:?} has no form in an event"),
                    }
                }
                json!({"enum": names})
            }
            (name, other) => bail!("{name}: {other:?} has no form in an event"),
        })
    }
}

fn bound(name: &str, prefix: &str) -> Result<usize> {
    let bound = name.strip_prefix(prefix).with_context(|| format!("{name} has no maximum"))?;
    Ok(bound.parse()?)
}
