//! Words that say little: those that nearly every text has, and those that are no topic.

/// Words that are not kept in an index, in either language: articles, prepositions, pronouns.
const COMMON: &[&str] = &[
    "agli", "ai", "al", "alla", "alle", "allo", "an", "and", "are", "as", "at", "be", "but", "by",
    "che", "ci", "con", "da", "dagli", "dai", "dal", "dalla", "dalle", "dallo", "degli", "dei",
    "del", "della", "delle", "dello", "di", "ed", "for", "from", "gli", "he", "ho", "i", "il",
    "in", "is", "it", "la", "le", "lo", "ma", "mi", "my", "ne", "negli", "nei", "nel", "nella",
    "nelle", "nello", "non", "of", "on", "or", "per", "se", "she", "si", "so", "su", "sugli",
    "sui", "sul", "sulla", "sulle", "sullo", "that", "the", "they", "this", "ti", "to", "un",
    "una", "uno", "vi", "was", "we", "were", "with", "you",
];

/// Further words of Italian that are no topic, and that tell the language.
const ITALIAN: &[&str] = &[
    "abbiamo", "adesso", "alcuni", "allora", "altra", "altre", "altri", "altro", "anche", "ancora",
    "anzi", "avere", "avete", "aveva", "avevo", "bene", "brava", "bravo", "buona", "buono", "cioe",
    "ciao", "come", "cosa", "cose", "cosi", "credo", "cui", "dai", "davvero", "deve", "devi",
    "devo", "dice", "dici", "dico", "domani", "dopo", "dove", "dire", "due", "ecco", "era",
    "eravamo", "ero", "essere", "fai", "fanno", "fare", "fatto", "fra", "forse", "faccio",
    "giorno", "grazie", "hai", "hanno", "ieri", "infatti", "insieme", "invece", "loro", "lui",
    "lei", "magari", "mai", "meglio", "meno", "mentre", "mia", "mie", "miei", "mio", "molta",
    "molto", "nessuno", "niente", "noi", "nostra", "nostro", "nulla", "ogni", "oggi", "ora", "ore",
    "penso", "pero", "perche", "piu", "poco", "poi", "possiamo", "possono", "posso", "prima",
    "prego", "proprio", "pure", "puo", "puoi", "qua", "qualche", "qualcosa", "qualcuno", "quale",
    "quali", "quando", "quanta", "quanto", "quella", "quelle", "quelli", "quello", "questa",
    "queste", "questi", "questo", "qui", "quindi", "scusa", "sai", "sara", "sarebbe", "sei",
    "sempre", "senza", "siamo", "siete", "solo", "sono", "sopra", "sotto", "sta", "stai", "stanno",
    "stare", "stato", "sto", "sua", "sue", "suo", "suoi", "tanto", "te", "tra", "tua", "tue",
    "tuo", "tuoi", "tutta", "tutte", "tutti", "tutto", "va", "vabbe", "vado", "vai", "vero",
    "verso", "viene", "vieni", "voglio", "voi", "vorrei", "vuoi",
];

/// Further words of English that are no topic, and that tell the language.
const ENGLISH: &[&str] = &[
    "about",
    "after",
    "again",
    "all",
    "also",
    "always",
    "am",
    "any",
    "anyone",
    "anything",
    "back",
    "because",
    "been",
    "before",
    "being",
    "both",
    "can",
    "cannot",
    "come",
    "could",
    "did",
    "does",
    "doing",
    "done",
    "don",
    "down",
    "each",
    "else",
    "even",
    "ever",
    "every",
    "few",
    "first",
    "get",
    "getting",
    "give",
    "goes",
    "going",
    "gone",
    "good",
    "got",
    "had",
    "has",
    "have",
    "having",
    "hello",
    "her",
    "here",
    "hers",
    "him",
    "his",
    "how",
    "if",
    "into",
    "its",
    "just",
    "know",
    "let",
    "like",
    "look",
    "made",
    "make",
    "many",
    "maybe",
    "me",
    "might",
    "mine",
    "more",
    "most",
    "much",
    "must",
    "need",
    "never",
    "nothing",
    "now",
    "off",
    "okay",
    "once",
    "one",
    "only",
    "other",
    "our",
    "ours",
    "out",
    "over",
    "own",
    "please",
    "really",
    "right",
    "said",
    "same",
    "say",
    "see",
    "should",
    "some",
    "something",
    "soon",
    "still",
    "such",
    "sure",
    "take",
    "than",
    "thank",
    "thanks",
    "their",
    "theirs",
    "them",
    "then",
    "there",
    "these",
    "thing",
    "things",
    "think",
    "those",
    "though",
    "through",
    "time",
    "today",
    "tomorrow",
    "too",
    "tonight",
    "under",
    "until",
    "upon",
    "very",
    "want",
    "well",
    "went",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "would",
    "yeah",
    "yes",
    "yesterday",
    "yet",
    "your",
    "yours",
];

/// Whether an index leaves out a folded word, because nearly every text has it.
#[must_use]
pub fn is_common(word: &str) -> bool {
    let mut characters = word.chars();
    let single = characters.next().filter(|_| characters.next().is_none());
    single.is_some_and(|letter| !letter.is_numeric()) || COMMON.binary_search(&word).is_ok()
}

/// Whether a folded word is no topic, in Italian or English.
#[must_use]
pub fn is_stop(word: &str) -> bool {
    is_common(word) || is_italian(word) || is_english(word)
}

/// Whether a word tells that a text is Italian.
pub(crate) fn is_italian(word: &str) -> bool {
    const ARTICLES: &[&str] = &["che", "con", "del", "di", "gli", "il", "non", "per", "un", "una"];
    ARTICLES.contains(&word) || ITALIAN.contains(&word)
}

/// Whether a word tells that a text is English.
pub(crate) fn is_english(word: &str) -> bool {
    const ARTICLES: &[&str] =
        &["and", "are", "for", "is", "of", "that", "the", "this", "was", "with"];
    ARTICLES.contains(&word) || ENGLISH.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_words_are_in_order() {
        assert!(COMMON.is_sorted());
    }

    #[test]
    fn what_says_little_is_known() {
        for word in ["the", "di", "e", "a", "i"] {
            assert!(is_common(word), "{word}");
        }
        for word in ["perche", "because", "quando"] {
            assert!(is_stop(word) && !is_common(word), "{word}");
        }
        for word in ["cappuccino", "coffee", "7", "ok"] {
            assert!(!is_stop(word), "{word}");
        }
    }
}
