/* screen_page_main.c - the program behind `ninja manuals` for the page of the screening: writes it
 * to standard output. */
#include "base/screen_page.h"
#include "base/stdfd.h"

int main(void)
{
	if (stdfd_open()) {
		return 1;
	}
	screen_page(stdout);
	return stdfd_end("screen-page", 0, 1);
}
