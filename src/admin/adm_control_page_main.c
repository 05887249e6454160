/* adm_control_page_main.c - the program behind `ninja manuals` for the page of the control
 * protocol: writes it to standard output. */
#include "admin/adm_control_page.h"
#include "base/stdfd.h"

int main(void)
{
	if (stdfd_open()) {
		return 1;
	}
	adm_control_page(stdout);
	return stdfd_end("control-page", 0, 1);
}
