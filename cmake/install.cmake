# What "cmake --install" puts where. The manual page and the completions are what the program says of
# itself, so they are made at that moment, and not where the program cannot run.
include(GNUInstallDirs)
install(TARGETS hearth RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

if(NOT CMAKE_CROSSCOMPILING)
  set(made "${CMAKE_BINARY_DIR}/install")
  install(CODE "
    file(MAKE_DIRECTORY \"${made}\")
    execute_process(COMMAND \"$<TARGET_FILE:hearth>\" man
      OUTPUT_FILE \"${made}/hearth.1\" COMMAND_ERROR_IS_FATAL ANY)
    foreach(shell bash zsh fish)
      execute_process(COMMAND \"$<TARGET_FILE:hearth>\" completion \${shell}
        OUTPUT_FILE \"${made}/hearth.\${shell}\" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()")
  install(FILES "${made}/hearth.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  install(FILES "${made}/hearth.bash"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME hearth)
  install(FILES "${made}/hearth.zsh"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" RENAME _hearth)
  install(FILES "${made}/hearth.fish"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()
