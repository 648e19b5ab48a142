//! What queries mean, with known answers in eight languages.

use super::*;

fn query(text: &str) -> Query {
    Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What a query finds in a text.
fn found<'a>(asked: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let ranges = query(asked).matches(text)?;
    Some(ranges.into_iter().map(|range| &text[range]).collect())
}

#[test]
fn a_query_is_words_phrases_prefixes_and_filters() {
    let asked =
        query("caffè \"al banco\" cappu* from:giulia in:\"Bar Sport\" has:link before:2026-11-26");
    assert_eq!(
        asked.clauses,
        [
            Clause::Word("caffe".to_owned()),
            Clause::Phrase(vec!["al".to_owned(), "banco".to_owned()]),
            Clause::Prefix("cappu".to_owned()),
        ],
    );
    assert_eq!(asked.filters.from, ["giulia"]);
    assert_eq!(asked.filters.rooms, ["bar sport"]);
    assert_eq!(asked.filters.has, [Kind::Link]);
    let day = |year, month, day| Some(Day { year, month, day });
    assert_eq!(asked.filters.before, day(2026, 11, 26));
    let narrow =
        query("pane after:2024-02-29 after:2026-01-01 before:0001-01-01 before:9999-12-31");
    assert_eq!((narrow.filters.after, narrow.filters.before), (day(2026, 1, 1), day(1, 1, 1)));
    for kind in Kind::ALL {
        let both = format!("has:{} HAS:{}S", kind.name(), kind.name().to_uppercase());
        assert_eq!(query(&both.replace("REPLYS", "REPLIES")).filters.has, [kind], "{both}");
    }
    assert_eq!(query("10:30").clauses, ["10", "30"].map(|word| Clause::Word(word.to_owned())));
}

#[test]
fn what_cannot_be_answered_is_said() {
    for (text, error) in [
        ("", QueryError::NoWords),
        ("?! … — ☕", QueryError::NoWords),
        ("the di", QueryError::OnlyCommon("the, di".to_owned())),
        ("\"of the\"", QueryError::OnlyCommon("of, the".to_owned())),
        ("a*", QueryError::ShortPrefix),
        ("*", QueryError::NoWords),
        ("from:", QueryError::EmptyFilter("from")),
        ("pane before:yesterday", QueryError::BadDate),
        ("pane before:26-11-2026", QueryError::BadDate),
        ("pane before:2026-02-28-1", QueryError::BadDate),
        ("pane before:2026-02-29", QueryError::NoSuchDay("2026-02-29".to_owned())),
        ("pane after:2026-13-01", QueryError::NoSuchDay("2026-13-01".to_owned())),
        ("pane after:2026-00-10", QueryError::NoSuchDay("2026-00-10".to_owned())),
        ("pane after:0000-01-01", QueryError::NoSuchDay("0000-01-01".to_owned())),
        ("has:everything", QueryError::UnknownKind("everything".to_owned())),
        ("has:s", QueryError::UnknownKind("s".to_owned())),
        ("uno1 due2 tre3 quattro4 cinque5 sei6 sette7 otto8 nove9", QueryError::TooManyWords),
    ] {
        assert_eq!(Query::parse(text), Err(error), "{text}");
    }
    assert_eq!(Query::parse(&"x".repeat(10_000)), Err(QueryError::TooLong));
    assert!(Query::parse(&"è ".repeat(250)).is_err());
}

#[test]
fn eight_languages_are_found() {
    for (asked, text, matches) in [
        ("cappuccino", "Due cappuccini, per favore", Some(vec!["cappuccini"])),
        ("perche", "Non so PERCHÉ", Some(vec!["PERCHÉ"])),
        ("acqua", "Un bicchiere d’acqua", Some(vec!["acqua"])),
        ("meeting", "All our meetings are here", Some(vec!["meetings"])),
        ("running shoes", "I run in these shoes", Some(vec!["run", "shoes"])),
        ("muller strasse", "Frau Müller wohnt in der Straße", Some(vec!["Müller", "Straße"])),
        ("ete", "C'est l'été à Paris", Some(vec!["été"])),
        ("咖啡", "我们去喝咖啡吧", Some(vec!["咖啡"])),
        ("咖茶", "咖啡和茶", None),
        ("コーヒー", "おいしいｺｰﾋｰですね", Some(vec!["ｺｰﾋｰ"])),
        ("東京", "明日東京都へ行く", Some(vec!["東京"])),
        ("京", "明日東京都へ行く", Some(vec!["京"])),
        ("커피", "커피를 마셔요", Some(vec!["커피"])),
        ("กาแฟ", "ฉันชอบดื่มกาแฟมาก", Some(vec!["กาแฟ"])),
        ("ชา", "ฉันชอบดื่มกาแฟมาก", None),
    ] {
        assert_eq!(found(asked, text), matches, "{asked} in {text}");
    }
}

#[test]
fn phrases_are_exact_and_prefixes_begin_words() {
    assert_eq!(found("\"al banco\"", "Caffè al banco"), Some(vec!["al banco"]));
    assert_eq!(found("\"al banco\"", "Banco al caffè"), None);
    assert_eq!(found("\"caffè corto\"", "caffè molto corto"), None);
    assert_eq!(found("cappu*", "un Cappuccino?"), Some(vec!["Cappuccino"]));
    assert_eq!(found("ppucc*", "un Cappuccino?"), None);
    assert_eq!(found("caffè latte", "solo caffè"), None);
}

#[test]
fn what_matches_has_a_term_of_each_group() {
    for (asked, text) in [
        ("cappuccino caldo", "Due cappuccini ben caldi"),
        ("meeting", "the meetings"),
        ("\"al banco\"", "Caffè al banco"),
        ("京", "東京"),
        ("東京都", "明日東京都へ"),
        ("กาแฟ", "ดื่มกาแฟมาก"),
    ] {
        assert!(query(asked).matches(text).is_some(), "{asked} in {text}");
        let terms = crate::terms(text);
        for group in query(asked).groups() {
            let has = |term: &String| match group.is_prefix {
                true => terms.iter().any(|kept| kept.starts_with(term)),
                false => terms.contains(term),
            };
            assert!(group.terms.iter().any(has), "{asked} in {text}: {group:?}");
        }
    }
}
