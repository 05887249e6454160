/* Every example of a help is a command line that the rows take: who copies it gets no "invalid
 * usage". */
#include "tests/unit/test.h"

#include <unistd.h>
#include <wordexp.h>

#include "cli/cli_command.h"

#define LINE_MAX_ 1024

/* The example that begins at `text`, with its continued lines, without a pipe or a redirection.
 * Returns where the next line begins; NULL: there is no further example. */
static const char *next_example(char line[LINE_MAX_], const char *text)
{
	size_t n = 0;
	char *cut;

	if (!*text || *text == '\n') { /* behind the empty line stands an explanation */
		return NULL;
	}
	for (; *text && *text != '\n'; text++) {
		if (text[0] == '\\' && text[1] == '\n') {
			text++;
			continue;
		}
		assert_true(n < LINE_MAX_ - 1);
		line[n++] = *text;
	}
	line[n] = 0;
	cut = strstr(line, "mtcctl ");
	if (!cut) {
		fail_msg("no example of mtcctl: %s", line);
		return NULL;
	}
	memmove(line, cut, strlen(cut) + 1);
	cut = strpbrk(line, "|>;&)");
	if (cut) {
		*cut = 0;
	}
	return text + (*text == '\n');
}

/* Takes the words as mtcctl does behind its own options. Returns the row that they name. */
static const struct cli_command *take(char **words, int n, const char *line)
{
	char why[CLI_WHY_MAX];
	const struct cli_command *c;
	json_t *args = json_object();
	const char *problem;
	int used;

	if (n && !strcmp(words[0], "--json")) {
		words++;
		n--;
	}
	c = cli_find(words, n, &used);
	if (!c) {
		fail_msg("%s: no such command", line);
		return NULL;
	}
	problem = cli_parse(c, n - used, words + used, args, why);
	json_decref(args);
	if (problem) {
		fail_msg("%s: %s", line, problem);
	}
	return c;
}

static void make_certificate(void)
{
	FILE *f = fopen("acme.pem", "w");

	assert_non_null(f);
	fputs("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n", f);
	assert_int_equal(fclose(f), 0);
}

static void test_each_example_parses_and_is_about_its_command(void **state)
{
	char folder[] = "/tmp/cli-examples-XXXXXX", line[LINE_MAX_];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	make_certificate();
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		const char *at = c->examples;
		unsigned own = 0;

		while ((at = next_example(line, at))) {
			wordexp_t words;

			if (wordexp(line, &words, WRDE_NOCMD | WRDE_UNDEF)) {
				fail_msg("a shell does not take: %s", line);
			}
			own += take(words.we_wordv + 1, (int)words.we_wordc - 1, line) == c;
			wordfree(&words);
		}
		if (!own) {
			fail_msg("%s %s has no example of its own", c->group, c->verb ? c->verb : "");
		}
	}
	assert_int_equal(unlink("acme.pem"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_example_parses_and_is_about_its_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
