//! With all rules nothing breaks within the bounds; without any one of them, what it prevents does.

use caffis_model::{Mutation, Part, Search, Width, convict};

fn all_rules_hold(part: Part) {
    for search in Search::of(part, Width::Small) {
        let outcome = search.clean();
        assert_eq!(outcome.failures.keys().next(), None, "{search:?}");
        assert!(outcome.complete && outcome.states > 100, "{search:?}: {} states", outcome.states);
    }
}

fn each_rule_is_needed(part: Part) {
    for mutation in Mutation::ALL {
        if mutation.describe().part == part {
            let finding = convict(*mutation);
            let found: Vec<_> = finding.found.iter().map(|(_, failure, _)| failure).collect();
            let failures = mutation.describe().failures;
            assert!(finding.as_described(*mutation), "{mutation:?}: {found:?}, not {failures:?}");
            assert!(finding.found.iter().all(|(_, _, trace)| !trace.is_empty()));
        }
    }
}

#[test]
fn the_lease_holds_with_all_rules() {
    all_rules_hold(Part::Lease);
}

#[test]
fn the_lease_needs_each_rule() {
    each_rule_is_needed(Part::Lease);
}

#[test]
fn names_are_unique_and_readable() {
    let names: std::collections::BTreeSet<_> =
        Mutation::ALL.iter().map(|mutation| mutation.name()).collect();
    assert_eq!(names.len(), Mutation::ALL.len());
    assert!(names.contains("no-fence"));
}

#[test]
fn the_log_holds_with_all_rules() {
    all_rules_hold(Part::Log);
}

#[test]
fn the_log_needs_each_rule() {
    each_rule_is_needed(Part::Log);
}

#[test]
fn the_resend_holds_with_all_rules() {
    all_rules_hold(Part::Resend);
}

#[test]
fn the_resend_needs_each_rule() {
    each_rule_is_needed(Part::Resend);
}

#[test]
fn the_reader_holds_with_all_rules() {
    all_rules_hold(Part::Reader);
}

#[test]
fn the_reader_needs_each_rule() {
    each_rule_is_needed(Part::Reader);
}

#[test]
fn the_reactor_holds_with_all_rules() {
    all_rules_hold(Part::Reactor);
}

#[test]
fn the_reactor_needs_each_rule() {
    each_rule_is_needed(Part::Reactor);
}
