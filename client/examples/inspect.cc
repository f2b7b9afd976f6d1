// SPDX-FileCopyrightText: 2026 The brine authors
// SPDX-License-Identifier: Apache-2.0

// What a stored value is, from C++.
//
//     c++ inspect.cc $(pkg-config --cflags --libs brine-client) -o inspect
//     ./inspect redis://127.0.0.1 cart:7
#include <brine_client.h>

#include <iostream>

int main(int argc, char **argv) {
    brine_client *client = nullptr;
    brine_client_error err;
    if (argc != 3) {
        std::cerr << "usage: inspect URL KEY\n";
        return 2;
    }
    if (brine_open(argv[1], nullptr, &client, &err) != BRINE_CLIENT_OK) {
        std::cerr << err.text << '\n';
        return 2;
    }
    brine_inspection value;
    int code = 1;
    if (brine_inspect(client, brine_text_of(argv[2]), &value) != BRINE_CLIENT_OK) {
        std::cerr << brine_last_error(client)->text << '\n';
    } else if (!value.found) {
        std::cout << "no such key\n";
    } else {
        std::cout << value.what << ", " << value.bytes << " bytes, " << value.type << ", protocol "
                  << value.protocol << '\n';
        for (std::size_t i = 0; value.globals && i < value.globals->count; i++)
            std::cout << "  " << value.globals->elements[i].text << '\n';
        code = 0;
    }
    brine_reply_free(value.reply);
    brine_close(client);
    return code;
}
