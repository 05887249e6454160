/* doc_page_main.c - the program behind `ninja manuals` for the page of the doctor: writes it to
 * standard output. */
#include "base/stdfd.h"
#include "doctor/doc_page.h"

int main(void)
{
	if (stdfd_open()) {
		return 1;
	}
	doc_page(stdout);
	return stdfd_end("doctor-page", 0, 1);
}
