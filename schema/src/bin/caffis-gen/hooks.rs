//! The JSON Schemas (2020-12) of webhooks: one for each kind, of the whole body.

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
};
use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType};
use serde_json::{Map, Value, json};

use crate::{Generated, docs::Docs, model::snake_case};

/// The schema of each kind, in a folder of its version.
pub(crate) fn schemas(schema: &Path) -> Result<Vec<Generated>> {
    let docs = Docs::of(&schema.join("src/hooks"))?;
    let folder = schema.join(format!("hooks/v{HOOKS_VERSION}"));
    let kinds = HookEvent::KINDS.iter().zip(HookEvent::SCHEMAS);
    kinds
        .map(|(kind, data)| {
            let body = body(kind, data, &docs).with_context(|| format!("the schema of {kind}"))?;
            let mut text = serde_json::to_string_pretty(&body)?;
            text.push('\n');
            Ok((folder.join(format!("{kind}.json")), text))
        })
        .collect()
}

fn body(kind: &str, data: &'static NamedType, docs: &Docs) -> Result<Value> {
    Ok(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:caffis-chat:hooks:v{HOOKS_VERSION}:{kind}"),
        "title": kind,
        "description": docs.get(data.name),
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "additionalProperties": false,
        "properties": {
            "type": {"const": kind},
            "timestamp": {
                "description": "When it happened.",
                "type": "string",
                "format": "date-time",
            },
            "data": value(data, docs)?,
        },
    }))
}

fn value(named: &'static NamedType, docs: &Docs) -> Result<Value> {
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
        ("Version", _) => json!({"type": "integer", "minimum": 1, "maximum": MAX_EXACT}),
        ("Latitude", _) => json!({
            "type": "number", "minimum": -Latitude::MOST, "maximum": Latitude::MOST,
        }),
        ("Longitude", _) => json!({
            "type": "number", "minimum": -Longitude::MOST, "maximum": Longitude::MOST,
        }),
        ("Moment", _) => json!({"type": "string", "format": "date-time"}),
        (_, DataModelType::Bool) => json!({"type": "boolean"}),
        // At most so many bytes, so not more characters either.
        (name, DataModelType::String) => {
            json!({"type": "string", "maxLength": bound(name, "Text:")?})
        }
        (name, DataModelType::Seq(item)) => json!({
            "type": "array", "maxItems": bound(name, "List:")?, "items": value(item, docs)?,
        }),
        (_, DataModelType::Option(some)) => {
            json!({"anyOf": [value(some, docs)?, {"type": "null"}]})
        }
        (name, DataModelType::Struct(fields)) => {
            let (mut properties, mut required) = (Map::new(), Vec::new());
            for field in *fields {
                let mut property = value(field.ty, docs)?;
                let words = docs.get(&format!("{name}.{}", field.name));
                if let (Some(property), false) = (property.as_object_mut(), words.is_empty()) {
                    property.insert("description".to_owned(), words.into());
                }
                properties.insert(field.name.to_owned(), property);
                // What may be absent is null or empty then.
                if !matches!(field.ty.ty, DataModelType::Option(_) | DataModelType::Seq(_)) {
                    required.push(field.name);
                }
            }
            json!({
                "type": "object", "required": required, "additionalProperties": false,
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

fn bound(name: &str, prefix: &str) -> Result<usize> {
    let bound = name.strip_prefix(prefix).with_context(|| format!("{name} has no maximum"))?;
    Ok(bound.parse()?)
}
