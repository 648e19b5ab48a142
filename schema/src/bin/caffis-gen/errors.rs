//! docs/errors.md: the catalogue of errors, with an anchor for each code.

use std::fmt::Write as _;

use caffis_schema::catalogue::{Explained, HOOK_CODES, UNKNOWN_STATUS, all};

const HEAD: &str = "# Errors

Every code that the chat answers with: over the [protocol](protocol.md#errors), over [REST](api.md#answers) as `code` of a
problem, whose `type` leads to the same text on the server (`/api/chat/errors`), and to senders of
[webhooks](integration.md). This page is made from `schema/src/error.rs` and `schema/src/catalogue.rs` (`cargo xtask gen`).

A code keeps its meaning for ever; new ones are added. `outcome` says whether it did not happen (`refused`), or nobody knows
(`unknown`): then send the same again with the same key.
";

/// The document.
pub(crate) fn document() -> String {
    let mut text = HEAD.to_owned();
    let _ = writeln!(
        text,
        "Over HTTP the status of an `unknown` outcome is {UNKNOWN_STATUS}, for webhooks 503, whatever the code.\n"
    );
    text.push_str("| code | status | the same again |\n|---|---|---|\n");
    for Explained { code, statuses, retry, .. } in all() {
        let _ = writeln!(text, "| [`{code}`](#{code}) | {} | {} |", list(statuses), retry.words());
    }
    for explained in all() {
        if HOOK_CODES.first() == Some(&explained) {
            text.push_str(
                "\n# Errors of webhooks\n\nOnly `POST /api/chat/hooks/{source}` answers with these, beside those above.\n",
            );
        }
        section(&mut text, &explained);
    }
    text
}

fn section(text: &mut String, explained: &Explained) {
    let Explained { code, meaning, statuses, cause, cure, retry } = explained;
    let meaning: Vec<_> = meaning.lines().map(str::trim).collect();
    let _ = write!(
        text,
        "\n## {code}\n\n{}\n\n- Status over HTTP: {}\n- Cause: {cause}\n- Cure: {cure}\n- The same again: {}\n",
        meaning.join(" "),
        list(statuses),
        retry.words(),
    );
}

fn list(statuses: &[u16]) -> String {
    match statuses {
        [] => "none: only over connections".to_owned(),
        some => some.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
    }
}
