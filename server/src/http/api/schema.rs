//! The JSON Schemas (2020-12) of the protocol's types, from what their types say of themselves.

use std::collections::BTreeMap;

use caffis_schema::{ids::MAX_EXACT, limits::USER_ID_BYTES};
use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType, NamedValue};
use serde_json::{Map, Value, json};

/// The schemas that others refer to, by name.
#[derive(Default)]
pub(super) struct Schemas(pub(super) BTreeMap<String, Value>);

impl Schemas {
    /// A type's schema; structs and enums are kept by name.
    pub(super) fn of(&mut self, named: &'static NamedType) -> Value {
        if let Some(simple) = simple(named) {
            return simple;
        }
        match named.ty {
            DataModelType::Option(some) => {
                json!({"anyOf": [self.of(some), {"type": "null"}]})
            }
            DataModelType::Seq(item) => {
                let most = named.name.strip_prefix("List:").and_then(|n| n.parse::<u64>().ok());
                let mut list = json!({"type": "array", "items": self.of(item)});
                if let (Some(most), Some(list)) = (most, list.as_object_mut()) {
                    list.insert("maxItems".to_owned(), most.into());
                }
                list
            }
            DataModelType::Struct(fields) => {
                self.kept(named.name, |schemas| schemas.fields(fields, &[]))
            }
            DataModelType::Enum(variants) => {
                let open = named.name.starts_with("Open:");
                self.kept(named.name, |schemas| {
                    let forms = variants.iter().map(|variant| {
                        let (_, name) = variant.name.split_once(':').unwrap_or(("", variant.name));
                        let name = if open { name.to_owned() } else { snake_case(name) };
                        match variant.ty {
                            DataModelVariant::NewtypeVariant(payload) => {
                                let payload = schemas.of(payload);
                                object(Map::from_iter([(name.clone(), payload)]), &[name])
                            }
                            _ => json!({"const": name}),
                        }
                    });
                    choice(forms.collect())
                })
            }
            DataModelType::NewtypeStruct(inner) => self.of(inner),
            // Nothing else travels as JSON; whatever it is, it is not refused.
            _ => json!({}),
        }
    }

    /// An object with these fields.
    pub(super) fn fields(
        &mut self,
        fields: &'static [&'static NamedValue],
        optional: &[&str],
    ) -> Value {
        let properties = fields.iter().map(|field| (field.name.to_owned(), self.of(field.ty)));
        let properties = properties.collect();
        let required = fields.iter().map(|field| field.name.to_owned());
        let required: Vec<_> = required.filter(|name| !optional.contains(&name.as_str())).collect();
        object(properties, &required)
    }

    /// One of the forms of an enum of structs; of each form these fields may be absent.
    pub(super) fn choice_of(
        &mut self,
        named: &'static NamedType,
        optional: &[(&str, &[&str])],
    ) -> Value {
        let DataModelType::Enum(variants) = named.ty else { return self.of(named) };
        let forms = variants.iter().map(|variant| {
            let name = snake_case(variant.name);
            let absent = optional.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, a)| a);
            let payload = match variant.ty {
                DataModelVariant::NewtypeVariant(NamedType {
                    ty: DataModelType::Struct(fields),
                    ..
                }) => self.fields(fields, absent),
                DataModelVariant::NewtypeVariant(payload) => self.of(payload),
                _ => json!({}),
            };
            object(Map::from_iter([(name.clone(), payload)]), &[name])
        });
        choice(forms.collect())
    }

    fn kept(&mut self, name: &str, made: impl FnOnce(&mut Self) -> Value) -> Value {
        let name = name.strip_prefix("Open:").unwrap_or(name).to_owned();
        if !self.0.contains_key(&name) {
            // Its place is taken before it is made: a type may come back to itself.
            self.0.insert(name.clone(), Value::Bool(true));
            let schema = made(self);
            self.0.insert(name.clone(), schema);
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }
}

/// One of some forms; of plain words the list of them.
fn choice(forms: Vec<Value>) -> Value {
    let words: Option<Vec<_>> = forms.iter().map(|form| form.get("const").cloned()).collect();
    match words {
        Some(words) => json!({"enum": words}),
        None => json!({"oneOf": forms}),
    }
}

fn object(properties: Map<String, Value>, required: &[String]) -> Value {
    json!({
        "type": "object", "required": required, "additionalProperties": false,
        "properties": properties,
    })
}

/// Types that are one JSON value.
fn simple(named: &NamedType) -> Option<Value> {
    let digits = |count| json!({"type": "string", "pattern": format!("^[0-9a-f]{{{count}}}$")});
    let up_to = |most: u64| json!({"type": "integer", "minimum": 0, "maximum": most});
    let bytes = |name: &str| name.split_once(':').and_then(|(_, most)| most.parse::<u64>().ok());
    Some(match (named.name, named.ty) {
        ("UserId", _) => json!({
            "type": "string", "minLength": 1, "maxLength": USER_ID_BYTES,
            "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]+$",
        }),
        ("RoomId", _) => json!({"type": "string", "pattern": "^[0-7][0-9a-f]{15}$"}),
        ("ClientId" | "SessionId" | "DeviceId" | "InviteSecret" | "InviteDigest", _) => digits(32),
        ("Position" | "MessageNumber" | "Timestamp", _) => up_to(MAX_EXACT),
        (_, DataModelType::Bool) => json!({"type": "boolean"}),
        (_, DataModelType::U8) => up_to(u8::MAX.into()),
        (_, DataModelType::U16) => up_to(u16::MAX.into()),
        (_, DataModelType::U32) => up_to(u32::MAX.into()),
        (_, DataModelType::U64) => up_to(MAX_EXACT),
        (name, DataModelType::String) => match bytes(name) {
            // At most so many bytes, so not more characters either.
            Some(most) => json!({"type": "string", "maxLength": most}),
            None => json!({"type": "string"}),
        },
        (_, DataModelType::ByteArray) => {
            json!({"type": "string", "contentEncoding": "base64"})
        }
        _ => return None,
    })
}

fn snake_case(name: &str) -> String {
    let mut words = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
