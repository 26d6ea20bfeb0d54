$RUN openssl dgst -sha256 -r <"$INPUT"
$RUN openssl enc -aes-256-ctr -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -iv 00000000000000000000000000000001 \
    -in "$INPUT" -out out/encrypted
$RUN openssl speed -multi 2 -seconds 1 -bytes 1024 sha256 2>/dev/null | grep -c '^sha256'
