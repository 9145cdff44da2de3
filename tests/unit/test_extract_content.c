/* What of a page is its content, by kinds of pages. */
#include "lib/arena.h"
#include "lib/buf.h"
#include "tests/unit/extract_page.h"

#include <string.h>

/* ---- forums ---------------------------------------------------------------------------- */

static void
all_posts_of_a_thread_are_taken_when_one_is_most_of_it(void **state)
{
    const char *text = text_of(
        *state,
        "<main><h1>A door that sticks</h1><div class='post first'><p>Since the rain my door "
        "sticks, "
        "and I have planed it twice already. What else can be done about it?</p></div>"
        "<div class=post><p>Look at the hinges before you plane again. When the upper one is loose "
        "the door hangs, and its foot rubs. Take the screws out one by one, fill the holes with a "
        "matchstick and glue, and put longer screws in. Then wait for a dry week, for wood that "
        "swells in spring is thin again in summer, and a door planed in the wet lets the wind "
        "through for ever after. I have mended a dozen like this, and not one had to be planed "
        "a second time when its hinges were good, however much it had rubbed before.</p></div>"
        "<div class=post><p>It was the hinge indeed, and now it closes as it did before. Thank you "
        "very much for the hint.</p></div></main>");

    assert_contains(text, "Since the rain my door sticks");
    assert_contains(text, "Look at the hinges");
    assert_contains(text, "It was the hinge indeed");
}

static void
a_quote_of_a_post_above_is_left_out_and_one_from_elsewhere_stays(void **state)
{
    const char *text = text_of(
        *state,
        "<main><h1>Beans</h1><div class=post><p>Beans want warm soil, so I sow them in the last "
        "week of May.</p></div><div class=post><blockquote><b>Ann said:</b><p>Beans want warm "
        "soil, "
        "so I sow them in the last week of May.</p></blockquote><p>Here even that is too early, "
        "and June is safer by far.</p></div><div class=post><blockquote><p>Sow beans when the "
        "elder is in flower, says an almanac of 1790.</p></blockquote><p>And that is June as well, "
        "up here in the hills.</p></div></main>");
    const char *first = strstr(text, "Beans want warm soil");

    assert_non_null(first);
    assert_null(strstr(first + 1, "Beans want warm soil"));
    assert_null(strstr(text, "Ann said"));
    assert_contains(text, "> Sow beans when the elder is in flower");
}

static void
what_stands_there_for_readers_without_scripts_is_read_when_there_is_nothing_else(void **state)
{
    const char *noscript =
        "<noscript><h1>Leaks</h1><p>The tap in the kitchen drips, and a new washer did not help it "
        "at all.</p><p>Then it is the seat that is worn. A cutter for it costs little, and takes "
        "five minutes.</p><p>That was it, and I feel a plumber now.</p></noscript>";
    const char *text = text_of(
        *state, arena_printf(*state, "<div id=app></div>%s<script src=a></script>", noscript));

    assert_contains(text, "# Leaks");
    assert_contains(text, "it is the seat that is worn");
    text = text_of(*state, arena_printf(*state,
                                        "<main><p>This page is about taps of brass and says all "
                                        "there is to say of them.</p></main>%s",
                                        noscript));
    assert_null(strstr(text, "Leaks"));
}

/* ---- pages of other kinds ----------------------------------------------------------------- */

static void
closed_tabs_are_read_with_the_open_one(void **state)
{
    const char *text = text_of(
        *state,
        "<main><h1>Harbour office</h1><div role=tabpanel><p>Every boat that stays overnight needs "
        "a berth, and the office opens at six in summer and at eight in winter.</p><p>Who comes "
        "later than that ties up at the pier for guests, and pays in the morning before the tide "
        "turns.</p></div><div role=tabpanel hidden><p>The crane lifts three tonnes, and on Sundays "
        "none.</p></div><div role=tabpanel style='display: none'><ul><li><a href=/1>Form for a "
        "berth</a></li><li><a href=/2>Form for a crane</a></li><li><a href=/3>Form for fuel</a>"
        "</li></ul></div><div style='display: none'><p>Nobody is to see this.</p></div></main>");

    assert_contains(text, "Every boat that stays");
    assert_contains(text, "The crane lifts three tonnes");
    assert_contains(text, "- Form for a berth\n- Form for a crane\n- Form for fuel");
    assert_null(strstr(text, "Nobody"));
}

static void
the_titles_that_a_front_page_lists_are_its_content(void **state)
{
    const char *news =
        "<h1>The harbour today</h1><p>All that is new between the two lighthouses, every morning "
        "but Sunday, by those who live there and by those who only come for the summer.</p>"
        "<p>Write to the harbour office when something is missing here, or tell the man at the "
        "crane, who knows everything before it is printed.</p>";
    struct buf titles;
    const char *text;

    buf_init(&titles, *state, 200000);
    for (int i = 0; i < 24; i++)
        buf_printf(&titles, "%s<li><a href=/%d>What the tide of day %d did to the pier</a></li>",
                   i % 3 == 0 ? "</ul><ul>" : "", i, i);
    text = text_of(*state, arena_printf(*state, "<main>%s<ul>%s</ul></main>", news, titles.data));
    for (int i = 0; i < 24; i++)
        assert_contains(text, arena_printf(*state, "the tide of day %d did", i));
    text = text_of(*state, arena_printf(*state, "<main>%s</main><ul>%s</ul>", news, titles.data));
    assert_null(strstr(text, "the tide of day"));
}

/* ---- articles --------------------------------------------------------------------------- */

static void
long_comments_do_not_make_an_article_a_discussion(void **state)
{
    struct buf html;
    const char *text;

    buf_init(&html, *state, 200000);
    buf_add_str(&html, "<article><h1>Rope</h1>");
    for (int i = 0; i < 80; i++)
        buf_printf(&html, "<p>Step %d of the splice: unlay the strands, and tuck each once.</p>",
                   i);
    buf_add_str(&html, "</article><section id=comments>");
    for (int i = 0; i < 400; i++)
        buf_printf(&html, "<p>Comment %d: I have done this for years in another way.</p>", i);
    buf_add_str(&html, "</section>");
    text = text_of(*state, html.data);
    assert_contains(text, "Step 79");
    assert_null(strstr(text, "Comment"));
}

static void
lines_that_only_lead_on_or_name_the_photographer_are_no_text(void **state)
{
    const char *text = text_of(
        *state,
        "<main><h1>The lighthouse</h1><p>It was lit in 1843 and is lit to this day, though nobody "
        "lives there any more.</p><p>Photo by A. Keeper</p><p>To learn more about its lens, <a "
        "href=/lens>read the keeper's diary</a> of that year.</p><p><a href=/tour>Read more</a></p>"
        "<div><a href=/shop><span>Add to cart</span></a></div><p>&copy; 2026 The harbour. All "
        "rights reserved.</p><h2><a href=/r>Learn more words</a></h2><p>A lantern is the room of "
        "the lamp, and the gallery is the walk around it.</p></main>");

    assert_string_equal(text,
                        "# The lighthouse\n\nIt was lit in 1843 and is lit to this day, though "
                        "nobody lives there any more.\n\nTo learn more about its lens, read "
                        "the keeper's diary of that year.\n\n## Learn more words\n\nA lantern "
                        "is the room of the lamp, and the gallery is the walk around it.");
}

static void
what_a_shop_says_of_its_list_and_its_links_is_no_text(void **state)
{
    const char *text = text_of(
        *state, "<main><h1>Kettles</h1><p>When you buy through our links, we may earn a commission."
                "</p><div>Showing 1&ndash;12 of 27 products</div><p>Page 3 of the manual says how "
                "to descale them, and page 8 of it how often: with vinegar, and once a month where "
                "the water comes from chalk. Let it stand for an hour, and rinse it twice.</p>"
                "<h2>Showing 2 of 3 faults</h2><p>The commission that sells them is paid by the "
                "maker.</p><p>Ask at <a href=/x>[email&#160;protected]</a> for parts.</p><p><a "
                "href=/x>[email&#160;protected]</a></p></main>");
    const char *address;

    assert_null(strstr(text, "earn"));
    assert_null(strstr(text, "products"));
    assert_contains(text, "Page 3 of the manual");
    assert_contains(text, "## Showing 2 of 3 faults");
    assert_contains(text, "The commission that sells them");
    assert_contains(text, "Ask at [email");
    address = strstr(text, "protected]");
    assert_non_null(address);
    assert_null(strstr(address + 1, "protected]"));
}

static void
links_that_look_like_buttons_are_no_text(void **state)
{
    const char *text = text_of(
        *state,
        "<main><h1>Kettles</h1><p>Two liters boil in three minutes, on gas and on iron "
        "plates alike.</p><a class='btn btn-large' href=/b>Put it aside for me</a><div "
        "class='button'><a href=/c>Compare</a></div><h2><a class=btn href=/d>Descaling"
        "</a></h2><p>With vinegar, <a class=btn href=/e>once a month</a>.</p><a class=btn "
        "href=/f>Kettles that whistle, and those that wait until somebody looks</a></main>");

    assert_contains(text, "Two liters");
    assert_null(strstr(text, "aside"));
    assert_null(strstr(text, "Compare"));
    assert_contains(text, "## Descaling");
    assert_contains(text, "vinegar, once a month.");
    assert_contains(text, "Kettles that whistle");
}

static void
what_is_data_stays_whatever_it_is_called(void **state)
{
    const char *text = text_of(
        *state, "<main><h1>Rights</h1><p>Who owns a folder decides what others may do with it, and "
                "may take it back at any time.</p><table><tr><th>Right<th>Granted<tr><td>Share<td>"
                "yes<tr><td>Expand<td>no</table><ul><li>share<li>tweet</ul><dl><dt>Loading<dd>a "
                "state</dl></main>");

    assert_contains(text, "| Share | yes |\n| Expand | no |");
    assert_contains(text, "- share\n- tweet");
    assert_contains(text, "Loading");
}

static void
captions_of_pictures_are_left_out_of_long_texts_and_figures_with_numbers_stay(void **state)
{
    struct buf html;
    const char *text;

    buf_init(&html, *state, 100000);
    buf_add_str(&html, "<main><h1>Moss</h1>");
    for (int i = 0; i < 30; i++)
        buf_printf(&html, "<p>Paragraph %d says how moss drinks through its leaves.</p>", i);
    buf_add_str(&html,
                "<figure><img src=a><figcaption>A wet morning in the gorge</figcaption></figure>"
                "<figure><img src=b><figcaption>Figure 2: a leaf in section</figcaption>"
                "</figure><figure><pre>moss --wet</pre><figcaption>How it is called"
                "</figcaption></figure></main>");
    text = text_of(*state, html.data);
    assert_null(strstr(text, "wet morning"));
    assert_contains(text, "Figure 2: a leaf in section");
    assert_contains(text, "How it is called");
}

/* ---- what is around it ------------------------------------------------------------------- */

static void
a_foot_that_is_longer_than_the_content_is_none_of_it(void **state)
{
    const char *text = text_of(
        *state,
        "<div class=main><p>The guide says how to rent a cart, and what to look at before you sign "
        "for it: wheels, brakes and the horse.</p></div><footer><p>Our office is in the street of "
        "the mills, number nine, and open every day but one.</p><p>This text is no advice, and who "
        "follows it does so on his own account, as the law of the country has it.</p><p>Every cart "
        "is looked at by a wheelwright before it leaves the yard, and again when it is "
        "back.</p></footer>");

    assert_contains(text, "how to rent a cart");
    assert_null(strstr(text, "street of"));
    assert_null(strstr(text, "wheelwright"));
}

static void
authors_boxes_and_reviews_are_none_of_it(void **state)
{
    const char *text = text_of(
        *state,
        "<main><h1>Lamp</h1><p>A lamp of brass for oil of any kind, with a wick as wide as a thumb "
        "and a glass that stands a storm.</p><p>It burns for nine hours, and its wick is trimmed "
        "by a wheel at the side that needs no key and no tool. The glass is lifted by a lever, so "
        "that nobody burns a hand."
        "</p><p>It burns for nine hours, and is filled without a "
        "funnel.</p><div class=saboxplugin-wrap><p>Ann writes of lamps since 1990.</p></div>"
        "<div class='product reviews'><p>Shines bright, came late.</p></div><section><h2>Customer "
        "reviews</h2><p>Mine leaks, and nobody answers.</p></section></main>");

    assert_contains(text, "nine hours");
    assert_null(strstr(text, "Ann writes"));
    assert_null(strstr(text, "came late"));
    assert_null(strstr(text, "Mine leaks"));
}

static void
a_paragraph_that_is_there_twice_is_read_once_and_rows_stay(void **state)
{
    const char *said =
        "The ferry leaves at seven, at noon and at five, and waits for nobody at all.";
    const char *text = text_of(
        *state,
        arena_printf(*state,
                     "<main><h1>Ferry</h1><div class=wide><p>%s</p></div><div "
                     "class=narrow><p>%s</p></div><table><tr><th>Pier<th>Note<tr><td>North"
                     "<td>Tickets are sold on board by the mate, in coins that fit, and "
                     "never ashore<tr><td>South<td>Tickets are sold on board by the mate, in "
                     "coins that fit, and never ashore</table></main>",
                     said, said));
    const char *first = strstr(text, said), *row = strstr(text, "Tickets are sold");

    assert_non_null(first);
    assert_null(strstr(first + 1, said));
    assert_non_null(row);
    assert_non_null(strstr(row + 1, "Tickets are sold"));
}

static void
a_refrain_is_read_each_time_it_stands_in_its_place(void **state)
{
    const char *refrain = "Row, row, row the boat, gently down the stream, and merrily the while.";
    const char *text =
        text_of(*state, arena_printf(*state,
                                     "<main><h1>The boat</h1><p>Out at the lock the water "
                                     "rises, and the morning is cold.</p><p>%s</p><p>Down at the "
                                     "weir the water falls, and the evening is long.</p><p>%s</p>"
                                     "<div>Home at the pier the water rests.<br>%s<br>So does "
                                     "the boat.<br>%s</div></main>",
                                     refrain, refrain, refrain, refrain));
    size_t times = 0;

    for (const char *at = text; (at = strstr(at, refrain)); at++)
        times++;
    assert_int_equal(times, 2);
}

static void
teasers_inside_an_article_are_left_out_and_its_own_sections_stay(void **state)
{
    struct buf html;
    const char *text;

    buf_init(&html, *state, 20000);
    buf_add_str(&html, "<meta property=og:type content=article><main><h1>Ovens</h1>");
    for (int i = 0; i < 12; i++)
        buf_printf(&html,
                   "<h2>Step %d</h2><p>Brick number %d is laid in clay and sand, and left for a "
                   "day before the next one comes upon it, <a href=/t%d>table %d</a> says.</p>",
                   i, i, i, i);
    buf_add_str(&html, "<div class=grid><h2>Learn to build</h2><div><h3><a href=/a>A course for "
                       "masons</a></h3><p>Five days in May, by the sea.</p></div><div><a href=/b>"
                       "<h3>Kilns by post</h3><p>In parts, with a plan.</p></a></div></div>"
                       "<p>Then a fire is lit, small at first, and kept for a week.</p></main>");
    text = text_of(*state, html.data);
    assert_contains(text, "## Step 11");
    assert_contains(text, "Then a fire is lit");
    assert_null(strstr(text, "Learn to build"));
    assert_null(strstr(text, "course for masons"));
    assert_null(strstr(text, "Kilns by post"));
}

static void
an_article_is_read_without_its_title_and_its_date(void **state)
{
    const char *body =
        "<title>How the mill came back - The Herald</title><main><h1>How the mill came back</h1>"
        "<div class=post-date-author>By Ann Miller</div><p>Published on March 3, 2026</p><p>5 min "
        "read</p><p>In March 2026 the wheel turned again, after forty years in which only swallows "
        "lived there.</p><h2>May 2026</h2><p>The first flour was sold in May, and by noon there "
        "was "
        "none of it left in the village.</p></main>";
    const char *text =
        text_of(*state, arena_printf(*state, "<meta property=og:type content=article>%s", body));

    assert_string_equal(text, "In March 2026 the wheel turned again, after forty years in which "
                              "only swallows lived there.\n\n## May 2026\n\nThe first flour was "
                              "sold in May, and by noon there was none of it left in the village.");
    text = text_of(*state, arena_printf(*state, "<meta property=og:type content=website>%s", body));
    assert_contains(text, "# How the mill came back");
    assert_contains(text, "Published on March 3, 2026");
}

#define DESCRIBED "<meta name=description content='%s'><section id=main></section>"

/* An article of ours that gives `body` as its text. */
static const char *
article_with_body(struct arena *a, const char *body)
{
    return text_of(
        a,
        arena_printf(
            a,
            "<script type=application/ld+json>{\"@graph\":[{\"@type\":\"WebSite\"},{\"@type\":"
            "\"NewsArticle\",\"articleBody\":\"%s\"}]}</script><article><h1>Eels</h1><p>The eels "
            "came up the river in March this year, three weeks before anybody had looked for "
            "them, and the nets lay dry in the sheds.</p><p>We live from what our readers give: "
            "<b>become a friend of the harbour paper</b> for the price of a coffee a month.</p>"
            "<table><tr><th>Year<th>First eel<tr><td>1990<td>the last week of April<tr><td>2026<td>"
            "the second week of March</table><p>Nobody knows where they are born. They have been "
            "followed as far as the warm sea in the west, where the weed drifts, and there the "
            "trace is lost in the deep.</p><p>Those who fish for them say that the moon matters "
            "more than the month, and that no eel moves under a full one. They lay their nets when "
            "the "
            "nights are black, and lift them before the gulls are awake, every day until "
            "May.</p><p>What the nets "
            "brought in was weighed at the pier by six in the morning, and sold by seven.</p>"
            "</article>",
            body));
}

static void
what_is_not_of_the_text_that_an_article_gives_is_left_out(void **state)
{
    const char *body =
        "The eels came up the river in March this year, three weeks before anybody had looked for "
        "them, and the nets lay dry in the sheds. Nobody knows where they are born. They have been "
        "followed as far as the warm sea in the west, where the weed drifts, and there the trace "
        "is lost in the deep. Those who fish for them say that the moon matters more than the "
        "month, and that no eel moves under a full one. They lay their nets when the nights are "
        "black, and lift them before the gulls are awake, every day until May. ";
    const char *rest = "What the nets brought in was weighed at the pier by six in the morning, "
                       "and sold by seven.";
    const char *text = article_with_body(*state, arena_printf(*state, "%s%s", body, rest));

    assert_null(strstr(text, "friend of the harbour"));
    assert_contains(text, "# Eels");
    assert_contains(text, "| 1990 | the last week of April |");
    assert_contains(text, rest);

    text = article_with_body(*state, arena_printf(*state, "%sWhat the nets ...", body));
    assert_contains(text, "friend of the harbour");
    text = article_with_body(*state, arena_printf(*state, "%.*s %s %s %s", 120, body, rest,
                                                  "This is about something else.",
                                                  "Two hundred words of it are not in the page. "
                                                  "They were written for another one, whose "
                                                  "subject is the price of nets, their making, "
                                                  "their mending, and what is paid for an old one "
                                                  "in a bad year. That is what this says, and it "
                                                  "goes on for as long as it takes."));
    assert_contains(text, "friend of the harbour");
}

static void
a_description_stands_in_for_a_text_that_is_not_there_when_it_is_how_the_text_begins(void **state)
{
    const char *long_one =
        "My kettle whistles at eighty degrees already, and the tea is weak for it. I have cleaned "
        "the spout and looked at the lid, and both are as they were when it was new. A neighbour "
        "says that it is the height of the hill, and another one that it is the whistle. Who can "
        "tell me what...";

    assert_string_equal(text_of(*state, arena_printf(*state, DESCRIBED, long_one)), long_one);
    assert_string_equal(text_of(*state, arena_printf(*state, DESCRIBED, "All about kettles")), "");
}

/* ---- data in JSON-LD --------------------------------------------------------------------- */

static void
data_is_read_where_the_page_shows_next_to_nothing(void **state)
{
    const char *data =
        "<script type='application/ld+json'>{\"@context\":\"https://schema.org\",\"@graph\":["
        "{\"@type\":\"Organization\",\"name\":\"Potters & Sons\"},{\"@type\":\"Product\",\"name\":"
        "\"Jug, small\",\"description\":\"A jug for <b>half a litre</b>,\nglazed in grey.\","
        "\"offers\":{\"@type\":\"Offer\",\"price\":19.5,\"priceCurrency\":\"EUR\"}},"
        "{\"@type\":\"FAQPage\",\"mainEntity\":[{\"@type\":\"Question\",\"name\":\"Is it safe in a "
        "dishwasher?\",\"acceptedAnswer\":{\"@type\":\"Answer\",\"text\":\"Yes, at 50 "
        "degrees.\"}}]}"
        "]}</script>";
    const char *text = text_of(*state, arena_printf(*state, "%s<div id=app>Loading</div>", data));

    assert_string_equal(
        text, "Loading\n\nJug, small\n\nA jug for half a litre, glazed in grey.\n\n19.5 EUR\n\n"
              "Is it safe in a dishwasher?\n\nYes, at 50 degrees.");
    text = text_of(*state, arena_printf(*state,
                                        "%s<main><h1>Jug, small</h1><p>A jug for half a litre, "
                                        "glazed in grey and fired twice, for 19.50 euros.</p><p>"
                                        "Made by hand in the village, from clay that is dug "
                                        "there.</p></main>",
                                        data));
    assert_null(strstr(text, "dishwasher"));
}

static void
data_that_is_no_json_is_passed_over(void **state)
{
    assert_string_equal(text_of(*state, "<script type='application/ld+json'>{\"@type\":\"Article\","
                                        "\"articleBody\":\"never ended</script><p>Short.</p>"),
                        "Short.");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(all_posts_of_a_thread_are_taken_when_one_is_most_of_it),
        UNIT_TEST(a_quote_of_a_post_above_is_left_out_and_one_from_elsewhere_stays),
        UNIT_TEST(what_stands_there_for_readers_without_scripts_is_read_when_there_is_nothing_else),
        UNIT_TEST(closed_tabs_are_read_with_the_open_one),
        UNIT_TEST(the_titles_that_a_front_page_lists_are_its_content),
        UNIT_TEST(long_comments_do_not_make_an_article_a_discussion),
        UNIT_TEST(lines_that_only_lead_on_or_name_the_photographer_are_no_text),
        UNIT_TEST(what_a_shop_says_of_its_list_and_its_links_is_no_text),
        UNIT_TEST(links_that_look_like_buttons_are_no_text),
        UNIT_TEST(what_is_data_stays_whatever_it_is_called),
        UNIT_TEST(captions_of_pictures_are_left_out_of_long_texts_and_figures_with_numbers_stay),
        UNIT_TEST(a_foot_that_is_longer_than_the_content_is_none_of_it),
        UNIT_TEST(authors_boxes_and_reviews_are_none_of_it),
        UNIT_TEST(a_paragraph_that_is_there_twice_is_read_once_and_rows_stay),
        UNIT_TEST(a_refrain_is_read_each_time_it_stands_in_its_place),
        UNIT_TEST(teasers_inside_an_article_are_left_out_and_its_own_sections_stay),
        UNIT_TEST(an_article_is_read_without_its_title_and_its_date),
        UNIT_TEST(what_is_not_of_the_text_that_an_article_gives_is_left_out),
        UNIT_TEST(
            a_description_stands_in_for_a_text_that_is_not_there_when_it_is_how_the_text_begins),
        UNIT_TEST(data_is_read_where_the_page_shows_next_to_nothing),
        UNIT_TEST(data_that_is_no_json_is_passed_over),
    };

    return cmocka_run_group_tests_name("extract_content", tests, NULL, NULL);
}
