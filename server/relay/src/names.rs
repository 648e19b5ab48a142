//! The names in statements: quoted, and put where a text has placeholders.

/// What the versions of triggers step by. The numbers between are for `resync`.
pub const STEP: i64 = 16;

/// The first 64 bits of the hash of `payload`; nothing for a user who is deleted.
const CHECKSUM: &str = "('x' || encode(substr(sha256(convert_to(payload::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint";

/// The placeholders of all statements, with what stands for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    values: Vec<(&'static str, String)>,
}

impl Names {
    /// Those of the outbox in a schema.
    pub(crate) fn in_schema(schema: &str) -> Self {
        let mut names = Self::default();
        names.set("@SCHEMA@", quoted(schema));
        names.set("@CHANNEL@", literal(schema));
        names.set("@STEP@", STEP.to_string());
        names.set("@CHECKSUM@", CHECKSUM.to_owned());
        names
    }

    /// Adds one. Values may hold anything: they are not looked through again.
    pub(crate) fn set(&mut self, placeholder: &'static str, value: String) {
        self.values.retain(|(name, _)| *name != placeholder);
        self.values.push((placeholder, value));
    }

    /// A text with all placeholders filled in.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            let (before, here) = rest.split_at(at);
            filled.push_str(before);
            let known = self.values.iter().find(|(name, _)| here.starts_with(name));
            let (put, length) = known.map_or(("@", 1), |(name, value)| (value, name.len()));
            filled.push_str(put);
            rest = &here[length..];
        }
        filled + rest
    }
}

/// A name as an identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a constant.
pub(crate) fn literal(text: &str) -> String {
    let escape = if text.contains('\\') { " E" } else { "" };
    format!("{escape}'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// `schema.table`, or a table alone, with its parts quoted.
pub(crate) fn quoted_path(path: &str) -> String {
    path.splitn(2, '.').map(quoted).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(quoted("us\"ers; DROP"), "\"us\"\"ers; DROP\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\' b"), " E'a\\\\'' b'");
        assert_eq!(quoted_path("app.Users"), "\"app\".\"Users\"");
        let mut names = Names::in_schema("s");
        names.set("@TABLE@", quoted("@SCHEMA@"));
        assert_eq!(names.fill("a@b @TABLE@.@SCHEMA@"), "a@b \"@SCHEMA@\".\"s\"");
    }
}
