#include "lib/language.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const char *const common_en[] = {
    "a", "about", "above", "after", "again", "against", "all", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "being", "below", "between", "both", "but", "by", "can", "could", "did", "do", "does",
    "doing", "down", "during", "each", "few", "for", "from", "further", "had", "has", "have", "having", "he", "her",
    "here", "hers", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "me", "more", "most", "my",
    "no", "nor", "not", "now", "of", "off", "on", "once", "only", "or", "other", "our", "ours", "out", "over", "own",
    "please", "same", "she", "should", "so", "some", "such", "tell", "than", "that", "the", "their", "theirs", "them",
    "then", "there", "these", "they", "this", "those", "through", "to", "too", "under", "until", "up", "us", "very",
    "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "why", "will", "with", "would",
    "you", "your", "yours", NULL
};
static const char *const common_de[] = {
    "aber", "als", "am", "an", "auch", "auf", "aus", "bei", "bin", "bis", "bist", "da", "damit", "das", "dass", "dein",
    "dem", "den", "der", "des", "dessen", "die", "dies", "diese", "diesem", "diesen", "dieser", "dieses", "doch", "dort",
    "du", "durch", "ein", "eine", "einem", "einen", "einer", "eines", "er", "es", "euch", "für", "gegen", "hat", "hatte",
    "haben", "habe", "hier", "ich", "ihm", "ihn", "ihr", "ihre", "im", "in", "ist", "ja", "jede", "jeder", "jedes",
    "kann", "kein", "keine", "können", "man", "mein", "mich", "mir", "mit", "nach", "nicht", "noch", "nur", "ob", "oder",
    "ohne", "sehr", "sein", "seine", "sich", "sie", "sind", "so", "soll", "über", "um", "und", "uns", "unter", "vom",
    "von", "vor", "war", "waren", "was", "weil", "wenn", "wer", "werden", "wie", "wird", "wir", "wo", "zu", "zum", "zur",
    NULL
};
static const char *const common_fr[] = {
    "à", "ai", "alors", "au", "aucun", "aussi", "autre", "aux", "avec", "avoir", "c", "ce", "cela", "ces", "cet", "cette",
    "ceux", "chaque", "comme", "comment", "d", "dans", "de", "des", "du", "elle", "elles", "en", "est", "et", "être",
    "eux", "fait", "il", "ils", "j", "je", "l", "la", "le", "les", "leur", "leurs", "lui", "m", "ma", "mais", "me",
    "même", "mes", "mon", "n", "ne", "nos", "notre", "nous", "on", "ont", "ou", "où", "par", "pas", "plus", "pour",
    "pourquoi", "qu", "quand", "que", "quel", "quelle", "qui", "s", "sa", "sans", "se", "ses", "si", "son", "sont",
    "sur", "t", "ta", "te", "tes", "toi", "ton", "tous", "tout", "très", "tu", "un", "une", "vos", "votre", "vous", "y",
    NULL
};
static const char *const common_es[] = {
    "a", "al", "algo", "como", "cómo", "con", "cual", "cuál", "cuando", "cuándo", "de", "del", "desde", "donde", "dónde",
    "el", "él", "ella", "ellos", "en", "entre", "era", "es", "esa", "ese", "eso", "esta", "está", "están", "este",
    "esto", "estos", "fue", "ha", "han", "hasta", "hay", "la", "las", "le", "les", "lo", "los", "más", "me", "mi",
    "muy", "no", "nos", "nosotros", "o", "otra", "otro", "para", "pero", "por", "porque", "puede", "que", "qué",
    "quien", "quién", "se", "ser", "si", "sí", "sin", "sobre", "son", "su", "sus", "también", "te", "tiene", "todo",
    "todos", "tu", "un", "una", "uno", "y", "ya", "yo", NULL
};
static const char *const common_it[] = {
    "a", "ad", "ai", "al", "alla", "alle", "anche", "c", "che", "chi", "ci", "come", "con", "cosa", "da", "dal", "dalla",
    "degli", "dei", "del", "della", "delle", "dello", "di", "dove", "e", "è", "ed", "era", "fra", "gli", "ha", "hanno",
    "ho", "i", "il", "in", "io", "l", "la", "le", "lei", "lo", "loro", "lui", "ma", "mi", "mia", "mio", "nel", "nella",
    "nelle", "noi", "non", "o", "ogni", "per", "perché", "più", "può", "quale", "quando", "quella", "quello", "questa",
    "questo", "se", "si", "sia", "sono", "sua", "sul", "sulla", "suo", "tra", "tu", "un", "una", "uno", "voi", NULL
};
static const char *const common_pt[] = {
    "a", "ao", "aos", "as", "às", "até", "com", "como", "da", "das", "de", "dela", "dele", "do", "dos", "e", "é", "ela",
    "ele", "eles", "em", "entre", "era", "essa", "esse", "esta", "está", "este", "eu", "foi", "há", "isso", "isto", "já",
    "lhe", "mais", "mas", "me", "mesmo", "meu", "minha", "muito", "na", "não", "nas", "no", "nos", "nós", "o", "onde",
    "os", "ou", "para", "pela", "pelo", "por", "porque", "quando", "que", "qual", "quem", "se", "sem", "ser", "seu",
    "são", "só", "sobre", "sua", "também", "te", "tem", "um", "uma", "você", NULL
};
static const char *const common_nl[] = {
    "aan", "al", "als", "bij", "dan", "dat", "de", "deze", "die", "dit", "doch", "door", "een", "en", "er", "ge", "geen",
    "had", "heb", "hebben", "heeft", "het", "hier", "hij", "hoe", "hun", "ik", "in", "is", "je", "kan", "kunnen", "maar",
    "me", "meer", "men", "met", "mij", "mijn", "na", "naar", "niet", "nog", "nu", "of", "om", "onder", "ons", "ook",
    "op", "over", "te", "ten", "tot", "u", "uit", "van", "veel", "voor", "waar", "waarom", "wanneer", "was", "wat",
    "we", "welke", "werd", "wie", "wij", "wordt", "worden", "ze", "zich", "zij", "zijn", "zo", "zonder", "zou", NULL
};
static const char *const common_sv[] = {
    "alla", "att", "av", "blir", "de", "den", "denna", "det", "detta", "din", "du", "där", "efter", "eller", "en", "er",
    "ett", "från", "för", "ha", "hade", "han", "har", "hon", "hur", "här", "i", "icke", "inte", "jag", "kan", "man", "med",
    "men", "mig", "min", "när", "och", "om", "oss", "på", "sig", "sin", "som", "så", "till", "under", "upp", "var", "vad",
    "vi", "vid", "vilken", "är", "över", NULL
};
static const char *const common_da[] = {
    "af", "at", "blev", "da", "de", "dem", "den", "denne", "der", "det", "dette", "dig", "din", "du", "efter", "eller",
    "en", "er", "et", "for", "fra", "ham", "han", "har", "havde", "hun", "hvad", "hvis", "hvor", "hvordan", "i", "ikke",
    "jeg", "kan", "man", "med", "men", "mig", "min", "når", "og", "også", "om", "op", "os", "over", "på", "sig", "sin",
    "skal", "som", "til", "ud", "under", "var", "ved", "vi", "vil", NULL
};
static const char *const common_no[] = {
    "alle", "at", "av", "da", "de", "deg", "den", "denne", "der", "det", "dette", "din", "du", "eller", "en", "er", "et",
    "etter", "for", "fra", "ha", "hadde", "han", "har", "hun", "hva", "hvis", "hvor", "hvordan", "hvorfor", "i", "ikke",
    "jeg", "kan", "man", "med", "meg", "men", "min", "når", "og", "også", "om", "opp", "oss", "over", "på", "seg", "sin",
    "skal", "som", "så", "til", "under", "ut", "var", "ved", "vi", "vil", NULL
};
static const char *const common_fi[] = {
    "ei", "eivät", "en", "että", "hän", "ja", "jo", "joka", "jos", "jotka", "kanssa", "kuin", "kun", "me", "mikä", "miten",
    "mitä", "mutta", "myös", "ne", "niin", "niitä", "nyt", "ole", "oli", "olla", "on", "ovat", "se", "sen", "siitä",
    "sitä", "tai", "tämä", "tämän", "vai", "voi", NULL
};
static const char *const common_ru[] = {
    "а", "без", "бы", "был", "была", "были", "было", "быть", "в", "вам", "вас", "во", "вот", "все", "всё", "вы", "где",
    "да", "для", "до", "его", "ее", "её", "если", "есть", "еще", "же", "за", "и", "из", "или", "им", "их", "к", "как",
    "когда", "которые", "который", "кто", "ли", "мне", "может", "можно", "мой", "мы", "на", "над", "не", "него", "нет",
    "ни", "но", "о", "об", "он", "она", "они", "от", "по", "под", "при", "с", "со", "так", "также", "там", "то", "только",
    "ты", "у", "уже", "чем", "что", "чтобы", "эта", "эти", "это", "этот", "я", NULL
};
static const char *const common_none[] = { NULL };

static const struct {
    const char *tag, *stemmer;
    const char *const *common;
} languages[LANGUAGE_COUNT] = {
    [LANGUAGE_EN] = { "en", "english", common_en },   [LANGUAGE_DE] = { "de", "german", common_de },
    [LANGUAGE_FR] = { "fr", "french", common_fr },    [LANGUAGE_ES] = { "es", "spanish", common_es },
    [LANGUAGE_IT] = { "it", "italian", common_it },   [LANGUAGE_PT] = { "pt", "portuguese", common_pt },
    [LANGUAGE_NL] = { "nl", "dutch", common_nl },     [LANGUAGE_SV] = { "sv", "swedish", common_sv },
    [LANGUAGE_DA] = { "da", "danish", common_da },    [LANGUAGE_NO] = { "no", "norwegian", common_no },
    [LANGUAGE_FI] = { "fi", "finnish", common_fi },   [LANGUAGE_RU] = { "ru", "russian", common_ru },
    [LANGUAGE_TR] = { "tr", "turkish", common_none }, [LANGUAGE_HU] = { "hu", "hungarian", common_none },
    [LANGUAGE_RO] = { "ro", "romanian", common_none }, [LANGUAGE_AR] = { "ar", "arabic", common_none },
    [LANGUAGE_OTHER] = { "", NULL, common_none },
};
/* clang-format on */

const char *
language_stemmer(enum language language)
{
    return languages[language].stemmer;
}

const char *const *
language_common(enum language language)
{
    return languages[language].common;
}

static enum language
by_tag(struct str tag)
{
    struct str rest, primary;

    tag.len = strcspn(tag.p, "_");
    primary = str_cut(tag, '-', &rest);
    for (int l = 0; l < LANGUAGE_OTHER; l++)
        if (str_eq_nocase(primary, str_from(languages[l].tag)))
            return (enum language)l;
    /* Both written forms of Norwegian. */
    if (str_eq_nocase(primary, STR("nb")) || str_eq_nocase(primary, STR("nn")))
        return LANGUAGE_NO;
    return LANGUAGE_OTHER;
}

enum language
language_of(const char *tag, struct str text)
{
    if (!tag || !*tag)
        tag = language_guess(text);
    return *tag ? by_tag(str_from(tag)) : LANGUAGE_EN;
}
