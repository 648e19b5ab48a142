//! `docs/protocol.md` names everything that travels, with the tags and maxima that it really has.
#![allow(clippy::expect_used, reason = "a helper of tests panics as they do")]

mod support;

use caffis_schema::{
    ClientFrame, CloseCode, ServerFrame,
    catalogue::{Explained, all},
    codec::{Codec, decode},
    limits::MAXIMA,
};
use postcard_schema::Schema as _;
use support::model::{Model, Scalar, Shape, Type, Variant, snake_case};

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

fn model() -> Model {
    Model::of(&[ClientFrame::SCHEMA, ServerFrame::SCHEMA]).expect("a good schema")
}

/// Whether a row of a table begins with this tag and this name.
fn has_row(tag: usize, name: &str) -> bool {
    let row = format!("| {tag} | `{name}`");
    DOCUMENT.lines().any(|line| line.starts_with(&row) || line.contains(&row))
}

#[test]
fn every_tag_has_its_row() {
    for declaration in model().declarations {
        let names: Vec<String> = match declaration.shape {
            Shape::OpenEnum(variants) => {
                variants.into_iter().map(|Variant { name, .. }| name).collect()
            }
            Shape::OpenChoice(names) => names,
            _ => continue,
        };
        for (tag, name) in names.iter().enumerate() {
            let inline = format!("{tag} `{name}`");
            assert!(
                has_row(tag, name) || DOCUMENT.contains(&inline),
                "{}: no row for {tag} {name}",
                declaration.name
            );
        }
    }
}

#[test]
fn every_field_and_choice_is_named() {
    for declaration in model().declarations {
        let names: Vec<String> = match declaration.shape {
            Shape::Struct(fields) => fields.iter().map(|(name, _)| (*name).to_owned()).collect(),
            Shape::Choice(names) => names,
            Shape::Enum(variants) => variants.into_iter().map(|variant| variant.name).collect(),
            _ => continue,
        };
        for name in names {
            let named = DOCUMENT.contains(&format!("`{name}`"))
                || DOCUMENT.contains(&format!("\"{name}\":"));
            assert!(named, "{}.{name} is not documented", declaration.name);
        }
    }
}

/// A type as the document writes it, where it has a maximum.
fn word(ty: &Type) -> Option<String> {
    match ty {
        Type::Text(maximum) => Some(format!("text {maximum}")),
        Type::List(item, maximum) => {
            let item = match &**item {
                Type::Named("EntryPage") => return None,
                Type::Named(name) => (*name).to_owned(),
                Type::Scalar(Scalar::UserId) => "UserId".to_owned(),
                Type::Scalar(Scalar::U64) => "u64".to_owned(),
                Type::Scalar(Scalar::U32) => "u32".to_owned(),
                Type::Scalar(Scalar::U8) => "u8".to_owned(),
                Type::Text(maximum) => format!("text {maximum}"),
                other => panic!("a list of {other:?}"),
            };
            Some(format!("list {maximum} of {item}"))
        }
        Type::Option(some) => word(some).map(|word| format!("{word}?")),
        _ => None,
    }
}

#[test]
fn every_maximum_is_right() {
    for declaration in model().declarations {
        let Shape::Struct(fields) = declaration.shape else { continue };
        for (name, ty) in fields {
            let Some(word) = word(&ty) else { continue };
            let inline = format!("`{name}` {word}");
            let row = format!("| `{name}` | {word} |");
            let said = format!("| `{name}` | {word}");
            let found = [inline, row, said].iter().any(|form| DOCUMENT.contains(form.as_str()));
            assert!(found, "{}.{name} is not documented as {word}", declaration.name);
        }
    }
    for (name, value) in MAXIMA {
        assert!(DOCUMENT.contains(&format!("| `{name}` | {value} |")), "{name} is not {value}");
    }
}

const ERRORS: &str = include_str!("../../docs/errors.md");

#[test]
fn every_error_has_its_section_and_there_is_no_other() {
    let codes: Vec<_> = all().map(|explained| explained.code).collect();
    let sections: Vec<_> = ERRORS.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(sections, codes);
    let rows: Vec<_> = ERRORS.lines().filter(|line| line.starts_with("| [`")).collect();
    assert_eq!(rows.len(), codes.len());
    for explained in all() {
        let Explained { code, meaning, cause, cure, .. } = explained;
        for (part, text) in [("meaning", meaning), ("cause", cause), ("cure", cure)] {
            let sentence = text.trim_end().ends_with('.') && text.trim().len() > 10;
            assert!(sentence, "{code} has no {part}");
        }
    }
}

#[test]
fn every_close_code_has_its_row() {
    for code in CloseCode::ALL {
        let row = format!("| {} | `{}`", code.number(), snake_case(&format!("{code:?}")));
        let line = DOCUMENT.lines().find(|line| line.starts_with(&row));
        let line = line.unwrap_or_else(|| panic!("no row {row}"));
        assert_eq!(line.contains("| yes"), code.reconnects(), "{line}");
    }
}

#[test]
fn the_session_is_made_of_good_frames() {
    let lines = DOCUMENT.lines();
    let mut seen = (0, 0);
    for line in lines {
        // Placeholders of numbers and of whole objects are strings: only the frames' outlines hold.
        if let Some(frame) = line.strip_prefix("-> ") {
            let frame = frame.replace("\"<now>\"", "1").replace("<room>", "0123456789abcdef");
            let frame = ["<device>", "<id-1>", "<id-2>", "<id-3>"]
                .iter()
                .fold(frame, |frame, id| frame.replace(id, "00112233445566778899aabbccddeeff"));
            decode::<ClientFrame>(frame.as_bytes(), Codec::Json)
                .unwrap_or_else(|error| panic!("{error}: {frame}"));
            seen.0 += 1;
        } else if let Some(frame) = line.strip_prefix("<- ") {
            let frame: serde_json::Value = serde_json::from_str(frame).expect(frame);
            assert!(frame.get("reply").is_some() || frame.get("event").is_some(), "{frame}");
            seen.1 += 1;
        }
    }
    assert!(seen.0 > 10 && seen.1 > 10, "{seen:?} lines");
}
