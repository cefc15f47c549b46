/* schema.c: schemas/ledger.sql as a string in the program. */
#include "ledger/drivers/driver.h"

__asm__(".section .rodata\n"
        ".global ledger_schema\n"
        ".type ledger_schema, @object\n"
        "ledger_schema:\n"
        ".incbin \"schemas/ledger.sql\"\n"
        ".byte 0\n"
        ".size ledger_schema, . - ledger_schema\n"
        ".previous\n");
