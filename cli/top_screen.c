/* SPDX-License-Identifier: MIT */
/*
 * top_screen.c - top: a terminal, by ncurses
 *
 * SIGWINCH is blocked and comes as an event of a descriptor, so that no change
 * of size is missed between a look and a sleep.  SIGINT and SIGTERM end the
 * tool as they do others, once the terminal is as it was; that works while it
 * waits for a daemon that does not answer, too.  Standard error is kept in a
 * file meanwhile: a message would be lost with the picture.
 */

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "top.h"

#define COLOUR_ALARM 1
#define COLOUR_HEAD  2
#define US_PER_MS    1e3
#define ESC_DELAY_MS 25

/**
 * struct top_screen - the terminal
 * @curses:	ncurses' own
 * @colour:	colours are in use
 * @winch_fd:	tells of changes of size
 * @err_fd:	the real standard error, -1 = not replaced
 * @err:	what takes its place
 * @row:	next line of the picture
 */
struct top_screen {
	SCREEN *curses;
	bool colour;
	int winch_fd;
	int err_fd;
	FILE *err;
	int row;
};

/* The terminal first; then die of it, as whoever waits for us expects. */
static void on_deadly(int sig)
{
	(void)endwin();
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void catch_signals(struct top_screen *sc)
{
	struct sigaction sa = { .sa_handler = on_deadly };
	sigset_t winch;

	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
	(void)sigemptyset(&winch);
	(void)sigaddset(&winch, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &winch, NULL);
	sc->winch_fd = signalfd(-1, &winch, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void hold_stderr(struct top_screen *sc)
{
	sc->err_fd = -1;
	sc->err = tmpfile();
	if (!sc->err)
		return;
	(void)fflush(stderr);
	sc->err_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (sc->err_fd >= 0)
		(void)dup2(fileno(sc->err), STDERR_FILENO);
}

static void release_stderr(struct top_screen *sc)
{
	char buf[512];
	size_t n;

	if (sc->err_fd >= 0) {
		(void)fflush(stderr);
		(void)dup2(sc->err_fd, STDERR_FILENO);
		(void)close(sc->err_fd);
		rewind(sc->err);
		while ((n = fread(buf, 1, sizeof(buf), sc->err)) > 0)
			(void)fwrite(buf, 1, n, stderr);
	}
	if (sc->err)
		(void)fclose(sc->err);
}

static void set_up(struct top_screen *sc, bool colour)
{
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)curs_set(0);
	(void)set_escdelay(ESC_DELAY_MS);
	sc->colour = colour && has_colors() && start_color() == OK;
	if (!sc->colour)
		return;
	(void)use_default_colors();
	(void)init_pair(COLOUR_ALARM, COLOR_RED, -1);
	(void)init_pair(COLOUR_HEAD, COLOR_CYAN, -1);
}

struct top_screen *top_screen_open(bool colour)
{
	const char *term = getenv("TERM");
	struct top_screen *sc = calloc(1, sizeof(*sc));

	if (!sc)
		return NULL;
	catch_signals(sc);
	sc->curses = newterm(NULL, stdout, stdin);
	if (!sc->curses) {
		fprintf(stderr,
			"ustackctl: top cannot draw on a terminal of type "
			"\"%s\"; try top --once\n",
			term ? term : "");
		free(sc);
		return NULL;
	}
	hold_stderr(sc);
	set_up(sc, colour);
	return sc;
}

void top_screen_close(struct top_screen *sc)
{
	if (!sc)
		return;
	(void)endwin();
	delscreen(sc->curses);
	if (sc->winch_fd >= 0)
		(void)close(sc->winch_fd);
	release_stderr(sc);
	free(sc);
}

void top_screen_size(const struct top_screen *sc, uint32_t *rows,
		     uint32_t *cols)
{
	(void)sc;
	*rows = LINES > 0 ? (uint32_t)LINES : 1;
	*cols = COLS > 0 ? (uint32_t)COLS : 1;
}

void top_screen_begin(struct top_screen *sc)
{
	(void)erase();
	sc->row = 0;
}

static attr_t look_attr(const struct top_screen *sc, enum top_look look)
{
	switch (look) {
	case TOP_TITLE:
		return A_BOLD;
	case TOP_HEADINGS:
		return A_REVERSE;
	case TOP_ALARM:
		return sc->colour ? (attr_t)COLOR_PAIR(COLOUR_ALARM) : A_BOLD;
	case TOP_FOOT:
		return sc->colour ? (attr_t)COLOR_PAIR(COLOUR_HEAD) : A_DIM;
	default:
		return A_NORMAL;
	}
}

void top_screen_put(void *ctx, enum top_look look, const char *line)
{
	struct top_screen *sc = ctx;
	attr_t attr = look_attr(sc, look);

	if (sc->row >= LINES)
		return;
	(void)attrset((int)attr);
	(void)mvaddnstr(sc->row, 0, line, COLS);
	if (look == TOP_HEADINGS) /* the whole width of it */
		(void)mvchgat(sc->row, 0, -1, attr, 0, NULL);
	(void)attrset(A_NORMAL);
	sc->row++;
}

void top_screen_end(struct top_screen *sc)
{
	(void)sc;
	(void)refresh();
}

/* The terminal has another size; how many signals said so does not matter. */
static void take_size(struct top_screen *sc)
{
	struct signalfd_siginfo si;
	struct winsize ws;

	while (read(sc->winch_fd, &si, sizeof(si)) > 0)
		;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0)
		return;
	(void)resizeterm(ws.ws_row ? ws.ws_row : 1, ws.ws_col ? ws.ws_col : 1);
	(void)clearok(stdscr, TRUE);
}

static int key_of(int c)
{
	switch (c) {
	case ERR:
	case KEY_RESIZE:
		return TOP_KEY_NONE;
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_PPAGE:
		return TOP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return TOP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return TOP_KEY_HOME;
	case KEY_END:
		return TOP_KEY_END;
	default:
		return c < 256 ? c : TOP_KEY_NONE;
	}
}

int top_screen_wait(struct top_screen *sc, double timeout_us)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = sc->winch_fd, .events = POLLIN },
	};
	int key = key_of(getch()); /* what is in its buffer already */
	int n;

	if (key != TOP_KEY_NONE)
		return key;
	n = poll(fds, 2, (int)(timeout_us / US_PER_MS) + 1);
	if (n > 0 && fds[1].revents) {
		take_size(sc);
		return TOP_KEY_RESIZE;
	}
	if (n > 0 && fds[0].revents & POLLIN) {
		key = key_of(getch());
		/* Readable, and nothing there: the other side is closed. */
		return key == TOP_KEY_NONE && feof(stdin) ? TOP_KEY_GONE : key;
	}
	if (n > 0 || (n < 0 && errno != EINTR))
		return TOP_KEY_GONE;
	return TOP_KEY_NONE;
}
