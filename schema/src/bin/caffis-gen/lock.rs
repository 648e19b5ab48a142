//! `wire.lock`: every wire type in order, so that people can read them and review changes.

use std::fmt::Write as _;

use crate::model::{Model, Scalar, Shape, Type, Variant};

const HEAD: &str = "\
# Every type of the wire, in the order of its parts. Written by caffis-gen; until version 0.1 is
# released it may be rewritten freely. open: tag, then the payload behind its length.
";

/// The text of the file.
pub(crate) fn lock(model: &Model) -> String {
    let mut text = HEAD.to_owned();
    for declaration in &model.declarations {
        let name = declaration.name;
        text.push('\n');
        // Writing to a string cannot fail.
        let _ = match &declaration.shape {
            Shape::Struct(fields) => {
                let _ = writeln!(text, "struct {name}");
                fields.iter().try_for_each(|(field, ty)| writeln!(text, "  {field}: {}", word(ty)))
            }
            Shape::Choice(names) => numbered(&mut text, "enum", name, &unit(names)),
            Shape::OpenChoice(names) => numbered(&mut text, "open enum", name, &unit(names)),
            Shape::Enum(variants) => numbered(&mut text, "enum", name, variants),
            Shape::OpenEnum(variants) => numbered(&mut text, "open enum", name, variants),
        };
    }
    text
}

fn unit(names: &[String]) -> Vec<Variant> {
    names.iter().map(|name| Variant { name: name.clone(), payload: None }).collect()
}

fn numbered(text: &mut String, what: &str, name: &str, variants: &[Variant]) -> std::fmt::Result {
    writeln!(text, "{what} {name}")?;
    for (index, variant) in variants.iter().enumerate() {
        write!(text, "  {index} {}", variant.name)?;
        if let Some(payload) = &variant.payload {
            write!(text, "({})", word(payload))?;
        }
        text.push('\n');
    }
    Ok(())
}

fn word(ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool => "bool".to_owned(),
            Scalar::U8 => "u8".to_owned(),
            Scalar::U16 => "u16".to_owned(),
            Scalar::U32 => "u32".to_owned(),
            Scalar::U64 => "u64".to_owned(),
            Scalar::RoomId => "RoomId(u64)".to_owned(),
            Scalar::UserId => "UserId(text 64)".to_owned(),
            id => format!("{id:?}([u8; 16])"),
        },
        Type::Text(maximum) => format!("text {maximum}"),
        Type::Blob(maximum) => format!("bytes {maximum}"),
        Type::List(item, maximum) => format!("list {maximum} of {}", word(item)),
        Type::Option(some) => format!("option of {}", word(some)),
        Type::Named(name) => (*name).to_owned(),
    }
}
