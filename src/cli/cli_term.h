/* cli_term.h - what a stream can show: its columns, and colour where a person asked for it or looks
 * at a terminal. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

#define CLI_TERM_NARROWEST 20u

/* Columns of the terminal behind `out`. 0: there is no terminal, and lines may have any length, so
 * that what programs and files get never depends on a window. */
unsigned cli_term_width(FILE *out);

/* Columns for running text: 80, or fewer where the terminal has fewer. */
unsigned cli_lines(FILE *out);

/* --color WHEN. The choice is kept in the environment (MTC_COLOR) of this process, where each
 * stream finds it. False: no such word. */
#define CLI_COLOR_WORDS "auto always never"
bool cli_term_choose(const char *when);

/* MTC_COLOR always or never decides; else NO_COLOR (set to anything) means none; else a terminal
 * that is not dumb has colour. */
bool cli_term_color(FILE *out);

enum cli_tone { CLI_PLAIN, CLI_STRONG, CLI_GOOD, CLI_DOUBTFUL, CLI_BAD };

/* Each writes nothing on a stream without colour. */
void cli_term_begin(FILE *out, enum cli_tone tone);
void cli_term_end(FILE *out, enum cli_tone tone);

/* The tone of a word that says how something is: open, up and ok are good. */
enum cli_tone cli_term_tone(const char *state);
